#include "base/bytes.h"

#include <fmt/format.h>

namespace konomi {
namespace {

template <class T>
void append_big_endian(std::string& out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift);
  }
}

template <class T>
T big_endian(std::string_view bytes) {
  T value = 0;
  for (const char byte : bytes)
    value = static_cast<T>(value << 8) | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

void append_u8(std::string& out, std::uint8_t value) {
  out += static_cast<char>(value);
}
void append_u32(std::string& out, std::uint32_t value) {
  append_big_endian(out, value);
}
void append_u64(std::string& out, std::uint64_t value) {
  append_big_endian(out, value);
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

Result<std::string_view> ByteReader::take(std::size_t size) {
  if (rest_.size() < size) {
    return fail(ErrorCode::corrupted,
                fmt::format("expected {} more bytes, found {}", size, rest_.size()));
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

Result<std::uint8_t> ByteReader::u8() {
  KONOMI_TRY(const std::string_view bytes, take(1));
  return static_cast<std::uint8_t>(bytes[0]);
}

Result<std::uint32_t> ByteReader::u32() {
  KONOMI_TRY(const std::string_view bytes, take(4));
  return big_endian<std::uint32_t>(bytes);
}

Result<std::uint64_t> ByteReader::u64() {
  KONOMI_TRY(const std::string_view bytes, take(8));
  return big_endian<std::uint64_t>(bytes);
}

Result<std::uint64_t> ByteReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    KONOMI_TRY(const std::string_view bytes, take(1));
    const auto byte = static_cast<unsigned char>(bytes[0]);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return fail(ErrorCode::corrupted, "a varint is longer than 64 bits");
}

Result<std::string_view> ByteReader::text() {
  KONOMI_TRY(const std::uint64_t size, varint());
  return take(size);
}

}  // namespace konomi
