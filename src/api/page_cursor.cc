#include "api/page_cursor.h"

#include "base/bytes.h"
#include "domain/bucket.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace konomi::api {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadBytes = 5;  // version, list
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kCursorCharactersMax = 2048;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kAlphabet[bits << (6 - held) & 63];
  return text;
}

// Exactly what to_base64url() writes: no padding, and the bits left over are 0.
std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char character : text) {
    const std::size_t value = kAlphabet.find(character);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>(bits >> held & 255);
    }
  }
  if (held == 6 || (bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

std::optional<std::string> position_in(std::string_view list, std::string_view cursor) {
  if (cursor.size() > kCursorCharactersMax) return std::nullopt;
  const std::optional<std::string> bytes = from_base64url(cursor);
  if (!bytes || bytes->size() < kHeadBytes + kCheckBytes) return std::nullopt;
  const std::string_view checked = std::string_view(*bytes).substr(0, bytes->size() - kCheckBytes);
  std::string expected_head;
  append_u8(expected_head, kVersion);
  append_u32(expected_head, murmur2(list));
  std::string expected_check;
  append_u32(expected_check, murmur2(checked));
  if (!checked.starts_with(expected_head) || !bytes->ends_with(expected_check)) return std::nullopt;
  return std::string(checked.substr(kHeadBytes));
}

}  // namespace

std::string encode_cursor(std::string_view list, std::string_view position) {
  std::string bytes;
  append_u8(bytes, kVersion);
  append_u32(bytes, murmur2(list));
  bytes += position;
  append_u32(bytes, murmur2(bytes));
  return to_base64url(bytes);
}

Result<std::string> decode_cursor(std::string_view list, std::string_view cursor) {
  if (std::optional<std::string> position = position_in(list, cursor)) return *std::move(position);
  return fail(ErrorCode::invalid_argument,
              fmt::format("cursor {} is not one of this list; expected the next_cursor of its "
                          "page before, asked for with the same filters",
                          quote(cursor)));
}

}  // namespace konomi::api
