#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/order.h"
#include "ports/cursor.h"
#include "ports/order_log.h"

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace konomi::contract {

// A new directory that is gone with its owner.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Fails the test when the call failed; throws, so that the test ends there.
[[noreturn]] void fail_test(const Error& error);
template <class T>
T value_of(Result<T> result) {
  if (!result) fail_test(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Timestamp instant(std::int64_t seconds_since_2025);
Order order(std::string_view user_id, std::string_view order_id,
            std::string_view menu_type = "washoku");

// Appends and waits for the outcome.
Result<void> append(OrderLog& log, std::vector<Order> orders);

// Everything from the reader's position to the log's end as it is now; unreadable records too.
std::vector<LogRecord> read_all(OrderLogReader& reader);
// The orders among them.
std::vector<Order> orders_in(const std::vector<LogRecord>& records);

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

}  // namespace konomi::contract
