#pragma once

#include "adapters/memory/engine.h"
#include "aggregate/aggregator.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/timestamp.h"
#include "ports/order_store.h"
#include "tests/support/figures.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::aggregate {

inline BusinessDay may(int day) {
  return BusinessDay(std::chrono::local_days(std::chrono::year(2025) / std::chrono::May / day));
}

// A restaurant whose orders are stored at once, and everything that is derived from them. For the
// tests of this room.
class Shop {
 public:
  static constexpr BucketCount kBuckets{4};

  Shop() { EXPECT_TRUE(engine.settings_store().add_menu_types({MenuType("chuka")})); }

  // Noon of that day of May 2025, or another hour, on the restaurant's clock.
  Timestamp at(int day, int hour = 12) const {
    return calendar.interval_of(may(day)).begin + std::chrono::hours(hour);
  }

  struct Place {
    int day = 1;
    std::string user;
    std::string id;
    std::string type;
    int hour = 12;
    OrderStatus status = OrderStatus::placed;
  };
  void place(const Place& place) {
    Order order{.user_id = UserId(place.user),
                .order_id = OrderId(place.id),
                .ordered_at = at(place.day, place.hour),
                .menu_type = MenuType(place.type),
                .status = place.status};
    const LogPosition position{LogPartition(0), LogOffset(next_offset_++)};
    StoreBatch batch;
    batch.orders.push_back({.day = may(place.day),
                            .bucket = bucket_of(order.user_id, kBuckets),
                            .stored = {order, Version(position.offset.value())}});
    batch.marks.push_back({may(place.day), bucket_of(order.user_id, kBuckets), position});
    batch.watermarks[LogPartition(0)] = {LogOffset(next_offset_), clock.now()};
    ASSERT_TRUE(engine.order_store().put(batch));
  }
  void cancel(Place place) {
    place.status = OrderStatus::cancelled;
    this->place(place);
  }

  // The erasure of a user is read from the log.
  void erase(const std::string& user) {
    const LogPosition position{LogPartition(0), LogOffset(next_offset_++)};
    ASSERT_TRUE(engine.order_store().erase({.user_id = UserId(user),
                                            .bucket = bucket_of(UserId(user), kBuckets),
                                            .position = position,
                                            .requested_at = clock.now()}));
    read_log_to_end();
  }
  std::vector<Erasure> erasures(const std::string& user) {
    return engine.order_store().erasures(bucket_of(UserId(user), kBuckets)).value();
  }

  // The log is read to its end, a record that was no order included.
  void pass_record() {
    ++next_offset_;
    read_log_to_end();
  }
  void read_log_to_end() {
    StoreBatch batch;
    batch.watermarks[LogPartition(0)] = {LogOffset(next_offset_), clock.now()};
    ASSERT_TRUE(engine.order_store().put(batch));
  }

  // Counts everything dirty, as a process that has just started would.
  void count(const AggregatorOptions& options = {}) {
    Aggregator aggregator({engine.order_store(), engine.summary_store(), engine.preference_store(),
                           engine.settings_store()},
                          calendar, kBuckets, metrics, clock, options);
    ASSERT_TRUE(aggregator.count_dirty({}));
  }

  // As support::read_figures() gives them.
  std::vector<std::string> figures(support::Detail detail, std::set<UserId> users = {}) {
    return support::read_figures({engine.order_store(), engine.summary_store(),
                                  engine.preference_store(), engine.settings_store()},
                                 kBuckets, detail, std::move(users))
        .value();
  }
  // The lines that begin with `prefix`.
  std::vector<std::string> lines(std::string_view prefix) {
    auto lines = figures(support::Detail::answers);
    std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(prefix); });
    return lines;
  }
  std::vector<std::string> segment_users(const std::string& type) {
    std::vector<std::string> users;
    for (const std::string& line : lines("segment " + type + " ")) {
      const auto begin = std::string("segment " + type + " ").size();
      users.push_back(line.substr(begin, line.find(':') - begin));
    }
    return users;
  }

  // Every call of a port from now on is counted, by name.
  void count_calls() {
    calls.clear();
    engine.decide_faults([this](std::string_view call) -> std::optional<memory::Fault> {
      ++calls[std::string(call)];
      return std::nullopt;
    });
  }
  // The n-th call of a port from now on fails, and no other.
  void fail_call(int n, bool after_effect) {
    calls_left_ = n;
    engine.decide_faults([this, after_effect](std::string_view) -> std::optional<memory::Fault> {
      if (--calls_left_ != 0) return std::nullopt;
      return memory::Fault{.error = {.code = ErrorCode::timed_out, .message = "as the test wants"},
                           .after_effect = after_effect};
    });
  }
  void heal() { engine.decide_faults({}); }

  ManualClock clock{parse_rfc3339("2025-05-10T12:00:00+09:00").value()};
  memory::MemoryEngine engine{clock};
  BusinessCalendar calendar = BusinessCalendar::make("Asia/Tokyo", std::chrono::minutes(0)).value();
  Metrics metrics;
  std::map<std::string, int> calls;

 private:
  std::uint64_t next_offset_ = 0;
  std::atomic<int> calls_left_ = 0;
};

}  // namespace konomi::aggregate
