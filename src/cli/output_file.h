#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace konomi::cli {

// A file that is there whole or not at all, gzipped when its name ends in ".gz"; or standard
// output, "-". Used by one thread.
class OutputFile {
 public:
  // `unavailable`: it cannot be made; the message says why.
  static Result<std::unique_ptr<OutputFile>> open(const std::string& path, std::FILE* standard);
  ~OutputFile();  // Without finish(): what was written is taken away.
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  Result<void> write(std::string_view bytes);

  // Makes it durable, and gives it its name.
  Result<void> finish();

  // What was written, counted before compression.
  std::uint64_t bytes() const;
  std::uint64_t lines() const;
  std::string sha256() const;  // In hexadecimal. Ends the counting: call once, at the end.

 private:
  struct Parts;
  explicit OutputFile(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace konomi::cli
