#include "rest/page_cursor.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "domain/bucket.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace konomi::rest {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadBytes = 5;  // version, list
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kCursorCharactersMax = 2048;

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

}  // namespace konomi::rest
