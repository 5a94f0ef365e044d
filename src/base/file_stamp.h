#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace konomi {

// Tells whether a file has been replaced or written since it was looked at. Links are followed, so
// that one that points elsewhere now is a change.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_ns = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Returns nothing when the file does not exist or cannot be read.
std::optional<FileStamp> stamp_of(const std::string& path);

}  // namespace konomi
