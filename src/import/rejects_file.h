#pragma once

#include "base/result.h"
#include "import/importer.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace konomi::import {

// The rows that were not accepted, as CSV with the columns file, line, reason and row. Used by one
// thread.
class RejectsFile {
 public:
  // Keeps the first `keep_bytes` of a file that is there (the rejects of an earlier run that is
  // continued) and drops the rest. `unavailable` when it cannot be written.
  static Result<RejectsFile> open(const std::filesystem::path& path, std::uint64_t keep_bytes);

  void add(const ImportReject& reject);  // Kept in memory until flush().
  Result<void> flush();

  std::uint64_t bytes() const { return bytes_; }  // What was flushed.

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;

  RejectsFile(File file, std::string name, std::uint64_t bytes)
      : file_(std::move(file)), name_(std::move(name)), bytes_(bytes) {}

  File file_;
  std::string name_;
  std::uint64_t bytes_;
  std::string pending_;
};

}  // namespace konomi::import
