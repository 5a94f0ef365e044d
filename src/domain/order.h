#pragma once

#include "base/clock.h"
#include "domain/ids.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi {

enum class OrderStatus : std::uint8_t { placed = 0, cancelled = 1 };

std::string_view name_of(OrderStatus status);

// One dish ordered by one guest. Its identity is (business day of ordered_at, user_id, order_id).
struct Order {
  UserId user_id;
  OrderId order_id;
  Timestamp ordered_at;
  MenuType menu_type;  // Empty only when cancelled without one.
  OrderStatus status = OrderStatus::placed;

  friend bool operator==(const Order&, const Order&) = default;
};

// An order's fields as they came from outside, not checked. A field that was absent (or null) is
// nullopt.
struct OrderFields {
  std::optional<std::string_view> order_id;
  std::optional<std::string_view> user_id;
  std::optional<std::string_view> ordered_at;
  std::optional<std::string_view> menu_type;
  std::optional<std::string_view> status;
};

// What is wrong with one field. The pointer is an RFC 6901 JSON pointer within the order:
// "/user_id".
struct FieldProblem {
  std::string pointer;
  std::string detail;

  friend bool operator==(const FieldProblem&, const FieldProblem&) = default;
};

struct OrderLimits {
  // How far ordered_at may lie after `now`.
  std::chrono::milliseconds ahead_max = std::chrono::hours(24);
};

// The order when every field keeps the rules (docs/design.md#order), else every problem found.
// `now` is the time of ingest, for records of a foreign log their log time. An absent order_id
// leaves order_id empty: the caller gives it one (docs/design.md#identity).
std::expected<Order, std::vector<FieldProblem>> check_order(const OrderFields& fields,
                                                            Timestamp now,
                                                            const OrderLimits& limits);

// What is wrong with a user id, as in FieldProblem; nothing: it keeps the rules.
std::optional<std::string> user_id_problem(std::string_view user_id);

// "user_id: is empty; menu_type: …": the problems in one line.
std::string to_string(const std::vector<FieldProblem>& problems);

}  // namespace konomi
