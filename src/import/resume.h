#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace konomi::import {

// What tells a file and what was to be done with it from another: a changed file, target or column
// plan begins anew.
struct ImportIdentity {
  std::string file;  // Absolute.
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint32_t first_block_crc = 0;
  std::string target;   // "http://127.0.0.1:8080" or a data directory.
  std::string columns;  // As given on the command line.

  friend bool operator==(const ImportIdentity&, const ImportIdentity&) = default;
};

// Nothing when the file cannot be recognised again: standard input, a pipe. `not_found` when it is
// not there.
Result<std::optional<ImportIdentity>> identify(const std::filesystem::path& file,
                                               const std::string& target,
                                               const std::string& columns);

// How far a file was imported: every row before `rows` was acknowledged or rejected.
struct ImportPosition {
  std::uint64_t rows = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t rejects_bytes = 0;  // How much of the rejects file belongs to those rows.
  bool finished = false;            // The whole file; kept until all files of the command are.

  friend bool operator==(const ImportPosition&, const ImportPosition&) = default;
};

// A small file that remembers an ImportPosition between runs. Replaced as a whole, so a crash
// leaves the old or the new one.
class ResumeFile {
 public:
  // Beside the data file, or in `state_dir`, which is made when it is missing.
  ResumeFile(const ImportIdentity& identity, const std::optional<std::filesystem::path>& state_dir);

  const std::filesystem::path& path() const { return path_; }

  // What was remembered for exactly this identity; nothing when there is nothing, or it belongs to
  // another file or target, or cannot be read: importing from the start is always safe.
  std::optional<ImportPosition> load() const;

  // `unavailable` when it cannot be written: the import works, but cannot be resumed.
  Result<void> save(const ImportPosition& position) const;
  void remove() const;

 private:
  ImportIdentity identity_;
  std::filesystem::path path_;
};

}  // namespace konomi::import
