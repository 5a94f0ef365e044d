#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/order.h"
#include "ports/cursor.h"
#include "ports/order_log.h"
#include "tests/support/value_of.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::support {

// So many seconds after 2025-01-01T00:00:00Z.
Timestamp instant(std::int64_t seconds_since_2025);
// A placed order of instant(0).
Order order(std::string_view user_id, std::string_view order_id,
            std::string_view menu_type = "washoku");

// Appends and waits for the outcome.
Result<void> append(OrderLog& log, std::vector<Order> orders);

// Everything from the reader's position to the log's end as it is now; unreadable records too.
std::vector<LogRecord> read_all(OrderLogReader& reader);
// The orders among them.
std::vector<Order> orders_in(const std::vector<LogRecord>& records);

// What a cursor gives, read in pages of this size.
template <class T>
std::vector<T> all_rows(Result<std::unique_ptr<Cursor<T>>> cursor, std::size_t page = 1000) {
  const auto opened = value_of(std::move(cursor));
  std::vector<T> rows;
  std::vector<T> part;
  do {
    value_of(opened->next(part, page));
    if (part.size() > page) fail_test({.message = "a cursor gave more rows than asked for"});
    rows.insert(rows.end(), part.begin(), part.end());
  } while (!part.empty());
  return rows;
}

}  // namespace konomi::support
