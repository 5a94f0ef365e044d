#include "dlq/letter_order.h"

#include "encoding/order_record.h"

namespace konomi::dlq {
namespace {

std::optional<std::string> copy_of(const std::optional<std::string_view>& text) {
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

}  // namespace

OrderFields OrderTexts::view() const {
  return {.order_id = order_id,
          .user_id = user_id,
          .ordered_at = ordered_at,
          .menu_type = menu_type,
          .status = status};
}

std::expected<OrderTexts, OrderRefusal> read_letter(const DeadLetter& letter) {
  encoding::OrderRecordReader reader{OrderLimits{}};
  const auto fields = reader.fields_of(letter.value);
  if (!fields) return std::unexpected(OrderRefusal{fields.error().reason, fields.error().message});
  return OrderTexts{.order_id = copy_of(fields->order_id),
                    .user_id = copy_of(fields->user_id),
                    .ordered_at = copy_of(fields->ordered_at),
                    .menu_type = copy_of(fields->menu_type),
                    .status = copy_of(fields->status)};
}

}  // namespace konomi::dlq
