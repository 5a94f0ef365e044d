#include "tests/support/orders.h"

#include <chrono>
#include <future>
#include <string>
#include <variant>

namespace konomi::support {

Timestamp instant(std::int64_t seconds_since_2025) {
  return Timestamp(std::chrono::seconds(1'735'689'600 + seconds_since_2025));
}

Order order(std::string_view user_id, std::string_view order_id, std::string_view menu_type) {
  return {.user_id = UserId(std::string(user_id)),
          .order_id = OrderId(std::string(order_id)),
          .ordered_at = instant(0),
          .menu_type = MenuType(std::string(menu_type))};
}

Result<void> append(OrderLog& log, std::vector<Order> orders) {
  std::promise<Result<void>> outcome;
  log.append(std::move(orders),
             [&outcome](Result<void> result) { outcome.set_value(std::move(result)); });
  return outcome.get_future().get();
}

std::vector<LogRecord> read_all(OrderLogReader& reader) {
  std::vector<LogRecord> records;
  while (true) {
    auto part = value_of(reader.poll(1000, std::chrono::milliseconds(10), {}));
    // A reader of a cluster has no partition at first, and so read none to its end.
    if (part.empty() && !value_of(reader.read_to_end()).empty()) return records;
    for (LogRecord& record : part) records.push_back(std::move(record));
  }
}

std::vector<Order> orders_in(const std::vector<LogRecord>& records) {
  std::vector<Order> orders;
  for (const LogRecord& record : records)
    if (const Order* order = std::get_if<Order>(&record.content)) orders.push_back(*order);
  return orders;
}

}  // namespace konomi::support
