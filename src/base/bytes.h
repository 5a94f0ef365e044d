#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace konomi {

// Building blocks of keys and values on disk. Big-endian integers sort as numbers; varints (LEB128)
// are short.
void append_u8(std::string& out, std::uint8_t value);
void append_u32(std::string& out, std::uint32_t value);  // big-endian
void append_u64(std::string& out, std::uint64_t value);  // big-endian
void append_varint(std::string& out, std::uint64_t value);
void append_text(std::string& out, std::string_view text);  // varint length, then the bytes

// Reads what the functions above wrote, front to back. Every read fails with `corrupted` instead of
// passing the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  Result<std::uint8_t> u8();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  Result<std::uint64_t> varint();
  Result<std::string_view> text();  // Points into the bytes given to the constructor.

 private:
  Result<std::string_view> take(std::size_t size);

  std::string_view rest_;
};

}  // namespace konomi
