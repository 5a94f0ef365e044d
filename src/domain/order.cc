#include "domain/order.h"

#include "domain/text.h"
#include "domain/timestamp.h"

#include <fmt/format.h>

namespace konomi {
namespace {

constexpr std::size_t kUserIdBytesMax = 256;
constexpr std::size_t kOrderIdBytesMax = 128;
constexpr std::size_t kMenuTypeBytesMax = 64;

class Checker {
 public:
  void refuse(std::string_view field, std::string detail) {
    problems_.push_back({.pointer = fmt::format("/{}", field), .detail = std::move(detail)});
  }

  // Checks a text field's length and characters, and returns it, "" when it was refused.
  std::string text(std::string_view field, std::string_view value, std::size_t bytes_max) {
    if (value.empty()) {
      refuse(field, fmt::format("is empty; expected 1 to {} bytes", bytes_max));
    } else if (value.size() > bytes_max) {
      refuse(field, fmt::format("{} has {} bytes; expected at most {}", quote(value), value.size(),
                                bytes_max));
    } else if (const auto problem = text_problem(value)) {
      refuse(field, fmt::format("{} {}", quote(value), *problem));
    } else {
      return std::string(value);
    }
    return {};
  }

  std::string required_text(std::string_view field, const std::optional<std::string_view>& value,
                            std::size_t bytes_max) {
    if (!value) {
      refuse(field, "is missing");
      return {};
    }
    return text(field, *value, bytes_max);
  }

  Timestamp ordered_at(const std::optional<std::string_view>& value, Timestamp now,
                       const OrderLimits& limits) {
    if (!value || value->empty()) {
      refuse("ordered_at", value ? "is empty; expected an RFC 3339 time" : "is missing");
      return {};
    }
    const Result<Timestamp> instant = parse_rfc3339(*value);
    if (!instant) {
      refuse("ordered_at", instant.error().message);
      return {};
    }
    if (*instant < Timestamp{}) {
      refuse("ordered_at", fmt::format("{} lies before 1970", quote(*value)));
    } else if (*instant > now + limits.ahead_max) {
      refuse("ordered_at",
             fmt::format("{} lies more than {} s after now ({}); check the sender's clock, or "
                         "raise order_ahead_max",
                         quote(*value),
                         std::chrono::duration_cast<std::chrono::seconds>(limits.ahead_max).count(),
                         to_rfc3339(now)));
    }
    return *instant;
  }

  std::vector<FieldProblem> take() && { return std::move(problems_); }
  bool found_any() const { return !problems_.empty(); }

 private:
  std::vector<FieldProblem> problems_;
};

}  // namespace

std::string_view name_of(OrderStatus status) {
  return status == OrderStatus::cancelled ? "cancelled" : "placed";
}

std::expected<Order, std::vector<FieldProblem>> check_order(const OrderFields& fields,
                                                            Timestamp now,
                                                            const OrderLimits& limits) {
  Checker checker;
  Order order;
  if (fields.status && *fields.status == "cancelled") {
    order.status = OrderStatus::cancelled;
  } else if (fields.status && *fields.status != "placed") {
    checker.refuse("status", fmt::format("expected \"placed\" or \"cancelled\", got {}",
                                         quote(*fields.status)));
  }
  if (fields.order_id)
    order.order_id = OrderId(checker.text("order_id", *fields.order_id, kOrderIdBytesMax));
  order.user_id = UserId(checker.required_text("user_id", fields.user_id, kUserIdBytesMax));
  order.ordered_at = checker.ordered_at(fields.ordered_at, now, limits);
  const bool needs_menu_type = order.status == OrderStatus::placed;
  if (needs_menu_type || (fields.menu_type && !fields.menu_type->empty())) {
    order.menu_type =
        MenuType(checker.required_text("menu_type", fields.menu_type, kMenuTypeBytesMax));
  }
  if (order.status == OrderStatus::cancelled && !fields.order_id) {
    checker.refuse("order_id", "is missing; a cancellation names the order it cancels");
  }
  if (checker.found_any()) return std::unexpected(std::move(checker).take());
  return order;
}

std::optional<std::string> user_id_problem(std::string_view user_id) {
  Checker checker;
  checker.text("user_id", user_id, kUserIdBytesMax);
  if (!checker.found_any()) return std::nullopt;
  return std::move(checker).take().front().detail;
}

std::string to_string(const std::vector<FieldProblem>& problems) {
  std::string out;
  for (const FieldProblem& problem : problems) {
    if (!out.empty()) out += "; ";
    out += problem.pointer.starts_with('/') ? problem.pointer.substr(1) : problem.pointer;
    out += ": ";
    out += problem.detail;
  }
  return out;
}

}  // namespace konomi
