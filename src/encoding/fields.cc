#include "encoding/fields.h"

#include <fmt/format.h>

namespace konomi::encoding {

void append_signed(std::string& out, std::int64_t value) {
  append_varint(out,
                (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

Result<std::int64_t> read_signed(ByteReader& reader) {
  KONOMI_TRY(const std::uint64_t bits, reader.varint());
  return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
}

void append_instant(std::string& out, Timestamp instant) {
  append_signed(out, instant.time_since_epoch().count());
}

Result<Timestamp> read_instant(ByteReader& reader) {
  KONOMI_TRY(const std::int64_t milliseconds, read_signed(reader));
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

void append_order_content(std::string& out, const Order& order) {
  append_u8(out, static_cast<std::uint8_t>(order.status));
  append_instant(out, order.ordered_at);
  append_text(out, order.menu_type.value());
}

Result<void> read_order_content(ByteReader& reader, Order& order) {
  KONOMI_TRY(const std::uint8_t status, reader.u8());
  if (status > static_cast<std::uint8_t>(OrderStatus::cancelled))
    return fail(ErrorCode::corrupted, fmt::format("an order's status is {}", status));
  order.status = static_cast<OrderStatus>(status);
  KONOMI_TRY(order.ordered_at, read_instant(reader));
  KONOMI_TRY(const std::string_view menu_type, reader.text());
  order.menu_type = MenuType(std::string(menu_type));
  return {};
}

Result<void> check_layout(ByteReader& reader, std::uint8_t expected) {
  KONOMI_TRY(const std::uint8_t layout, reader.u8());
  if (layout == expected) return {};
  return fail(ErrorCode::corrupted,
              fmt::format("layout {} is unknown; expected {}", layout, expected));
}

Result<void> check_end(const ByteReader& reader) {
  if (reader.at_end()) return {};
  return fail(ErrorCode::corrupted,
              fmt::format("{} bytes follow the expected end", reader.rest().size()));
}

}  // namespace konomi::encoding
