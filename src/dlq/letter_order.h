#pragma once

#include "domain/dead_letter.h"
#include "domain/menu_type.h"
#include "domain/order.h"

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::dlq {

// The fields of an order as texts, not checked. Nothing: absent.
struct OrderTexts {
  std::optional<std::string> order_id;
  std::optional<std::string> user_id;
  std::optional<std::string> ordered_at;
  std::optional<std::string> menu_type;
  std::optional<std::string> status;

  OrderFields view() const;  // Points into this object.

  friend bool operator==(const OrderTexts&, const OrderTexts&) = default;
};

using OrderText = std::optional<std::string> OrderTexts::*;

// Their names, in the order in which orders are written.
inline constexpr std::array<std::pair<std::string_view, OrderText>, 5> kOrderTexts = {
    {{"order_id", &OrderTexts::order_id},
     {"user_id", &OrderTexts::user_id},
     {"ordered_at", &OrderTexts::ordered_at},
     {"menu_type", &OrderTexts::menu_type},
     {"status", &OrderTexts::status}}};

// What stands in the letter's value: an order of any engine, or a line of the first version. Else
// why it cannot be read.
std::expected<OrderTexts, OrderRefusal> read_letter(const DeadLetter& letter);

}  // namespace konomi::dlq
