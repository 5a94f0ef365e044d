#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace konomi::import {

// Bytes, front to back, once. Used by one thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Fills the beginning of `into`; 0 bytes only at the end. `corrupted`: a damaged or cut gzip
  // file. `unavailable`: the file cannot be read.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
};

// Bytes that are already in memory and outlive the source.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : rest_(bytes) {}
  Result<std::size_t> read(std::span<char> into) override;

 private:
  std::string_view rest_;
};

// A file, or standard input for "-", unpacked on the way when it is gzip (by its first bytes, not
// its name).
class FileSource final : public ByteSource {
 public:
  // `not_found` when it cannot be opened or is a directory; the message says why.
  static Result<std::unique_ptr<FileSource>> open(const std::filesystem::path& path);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<std::size_t> read(std::span<char> into) override;

  // How many bytes of the file itself, packed or not, were used so far; at most bytes_total().
  std::uint64_t bytes_used() const;
  // 0 when it is not known: a pipe.
  std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  struct Gzip;
  FileSource(std::unique_ptr<Gzip> gzip, std::string name, std::uint64_t bytes_total);

  std::unique_ptr<Gzip> gzip_;
  std::string name_;
  std::uint64_t bytes_total_;
};

// A window over a source that grows as its reader asks for more, up to a bound.
class InputBuffer {
 public:
  // `source` outlives the buffer.
  InputBuffer(ByteSource& source, std::size_t window_max)
      : source_(source), window_max_(window_max) {}

  std::string_view window() const { return std::string_view(bytes_).substr(begin_); }
  bool at_end() const { return at_end_; }  // The window reaches the last byte.
  bool full() const { return window().size() >= window_max_; }

  // Adds bytes to the window, invalidating earlier views; nothing when it is full or at the end.
  Result<void> fill();
  void consume(std::size_t size) { begin_ += size; }

 private:
  ByteSource& source_;
  const std::size_t window_max_;
  std::string bytes_;
  std::size_t begin_ = 0;
  bool at_end_ = false;
};

}  // namespace konomi::import
