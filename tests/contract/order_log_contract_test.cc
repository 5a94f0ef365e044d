#include "encoding/order_json.h"
#include "tests/contract/engines.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

namespace konomi::contract {
namespace {

using namespace std::chrono_literals;
using support::append;
using support::order;
using support::orders_in;
using support::read_all;
using support::value_of;

template <class Engine>
class OrderLogContract : public EngineTest<Engine> {
 protected:
  OrderLog& log() { return this->engine->order_log(); }
  std::unique_ptr<OrderLogReader> reader() { return value_of(this->engine->open_reader()); }

  static std::vector<Order> numbered(int first, int count) {
    std::vector<Order> orders;
    for (int i = first; i < first + count; ++i) orders.push_back(order("u", std::to_string(i)));
    return orders;
  }
};
TYPED_TEST_SUITE(OrderLogContract, Engines, EngineNames);

TYPED_TEST(OrderLogContract, BeginsAtOffsetZero) {
  const auto ends = value_of(this->log().ends());
  EXPECT_EQ(ends, (std::map<LogPartition, LogOffset>{{LogPartition(0), LogOffset(0)}}));
  EXPECT_TRUE(read_all(*this->reader()).empty());
}

TYPED_TEST(OrderLogContract, GivesBackEveryFieldOfAnOrder) {
  Order placed = order("太郎", "注文 1", "Americano with Milk");
  placed.ordered_at = Timestamp(1'735'689'600'123ms);
  Order cancelled = order("u", "2", "");
  cancelled.status = OrderStatus::cancelled;
  value_of(append(this->log(), {placed, cancelled}));

  const auto records = read_all(*this->reader());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(orders_in(records), (std::vector<Order>{placed, cancelled}));
  EXPECT_EQ(records[1].position,
            (LogPosition{.partition = LogPartition(0), .offset = LogOffset(1)}));
  if constexpr (TypeParam::kClockIsLogTime) {
    EXPECT_EQ(records[0].logged_at, this->engine.clock().now());
  }
}

TYPED_TEST(OrderLogContract, KeepsTheOrderOfAppends) {
  for (int i = 0; i < 50; ++i) value_of(append(this->log(), this->numbered(i * 3, 3)));
  EXPECT_EQ(orders_in(read_all(*this->reader())), this->numbered(0, 150));
  EXPECT_EQ(value_of(this->log().ends()).at(LogPartition(0)), LogOffset(150));
}

TYPED_TEST(OrderLogContract, AnEmptyAppendSucceedsAtOnce) {
  bool called = false;
  this->log().append({}, [&](Result<void> result) { called = result.has_value(); });
  EXPECT_TRUE(called);
  EXPECT_EQ(value_of(this->log().ends()).at(LogPartition(0)), LogOffset(0));
}

TYPED_TEST(OrderLogContract, OffsetsContinueAfterReopening) {
  value_of(append(this->log(), this->numbered(0, 3)));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->log().ends()).at(LogPartition(0)), LogOffset(3));
  value_of(append(this->log(), this->numbered(3, 2)));

  const auto records = read_all(*this->reader());
  ASSERT_EQ(records.size(), 5U);
  for (std::size_t i = 0; i < records.size(); ++i)
    EXPECT_EQ(records[i].position.offset, LogOffset(i));
  EXPECT_EQ(orders_in(records), this->numbered(0, 5));
}

TYPED_TEST(OrderLogContract, NothingAcknowledgedIsLostByReopening) {
  for (int i = 0; i < 20; ++i) {
    value_of(append(this->log(), this->numbered(i * 10, 10)));
    if (i % 5 == 0) this->engine.reopen();
  }
  this->engine.reopen();
  EXPECT_EQ(orders_in(read_all(*this->reader())), this->numbered(0, 200));
}

TYPED_TEST(OrderLogContract, ARequestLargerThanARecordStaysInOrder) {
  value_of(append(this->log(), this->numbered(0, 25'000)));
  value_of(append(this->log(), this->numbered(25'000, 10)));
  EXPECT_EQ(orders_in(read_all(*this->reader())), this->numbered(0, 25'010));
}

TYPED_TEST(OrderLogContract, LogTimesNeverGoBack) {
  value_of(append(this->log(), this->numbered(0, 1)));
  const Timestamp first = this->engine.clock().now();
  this->engine.clock().advance(-1h);
  value_of(append(this->log(), this->numbered(1, 1)));
  this->engine.reopen();
  value_of(append(this->log(), this->numbered(2, 1)));
  this->engine.clock().advance(2h);
  value_of(append(this->log(), this->numbered(3, 1)));

  const auto records = read_all(*this->reader());
  ASSERT_EQ(records.size(), 4U);
  EXPECT_TRUE(std::ranges::is_sorted(records, {}, &LogRecord::logged_at));
  if constexpr (!TypeParam::kClockIsLogTime) return;
  EXPECT_EQ(records[1].logged_at, first);
  EXPECT_EQ(records[2].logged_at, first);
  EXPECT_EQ(records[3].logged_at, first + 1h);
}

TYPED_TEST(OrderLogContract, AReplayedOrderBringsItsOriginalPosition) {
  value_of(append(this->log(), this->numbered(0, 3)));
  const LogPosition original{.partition = LogPartition(0), .offset = LogOffset(1)};
  const auto positions =
      value_of(this->log().replay({{.order = order("u", "1", "yoshoku"), .original = original},
                                   {.order = order("u", "new"), .original = std::nullopt}}));
  value_of(append(this->log(), this->numbered(3, 2)));
  this->engine.reopen();
  const auto records = read_all(*this->reader());
  ASSERT_EQ(records.size(), 7U);
  ASSERT_EQ(positions.size(), 2U);
  EXPECT_EQ(records[3].position, positions[0]);
  EXPECT_EQ(records[4].position, positions[1]);
  EXPECT_EQ(std::get<Order>(records[3].content), order("u", "1", "yoshoku"));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].position.offset, LogOffset(i));
    EXPECT_EQ(records[i].original, i == 3 ? std::optional(original) : std::nullopt) << i;
  }
  EXPECT_EQ(value_of(this->log().ends()).at(LogPartition(0)), LogOffset(7));
  EXPECT_TRUE(value_of(this->log().replay({})).empty());
}

TYPED_TEST(OrderLogContract, ReplaysAndAppendsAtTheSameTimeAreAllFound) {
  constexpr int kEach = 50;
  std::vector<LogPosition> replayed;
  {
    const std::jthread replaying([&] {
      for (int i = 0; i < kEach; ++i) {
        const auto lies_at =
            value_of(this->log().replay({{.order = order("r", std::to_string(i))}}));
        replayed.push_back(lies_at.at(0));
      }
    });
    for (int i = 0; i < kEach; ++i) value_of(append(this->log(), this->numbered(i, 1)));
  }
  std::map<LogPosition, UserId> users;
  for (const LogRecord& record : read_all(*this->reader()))
    users[record.position] = std::get<Order>(record.content).user_id;
  EXPECT_EQ(users.size(), 2U * kEach);
  for (const LogPosition& lies_at : replayed) EXPECT_EQ(users[lies_at], UserId("r"));
}

TYPED_TEST(OrderLogContract, TheBytesOfARecordCanBeAskedFor) {
  value_of(append(this->log(), this->numbered(0, 3)));
  value_of(this->log().replay({{.order = order("\"u\"", "x")}}));
  const auto reader = this->reader();
  std::size_t seen = 0;
  while (seen < 4) {
    for (const LogRecord& record : value_of(reader->poll(100, 100ms, {}))) {
      EXPECT_TRUE(value_of(reader->poll(0, 1ms, {})).empty());
      const RawRecord raw = value_of(reader->raw(record.position));
      const Order& expected = std::get<Order>(record.content);
      EXPECT_EQ(raw.key, expected.user_id.value());
      std::string json;
      encoding::append_order_json(json, expected);
      EXPECT_EQ(raw.value, json);
      ++seen;
    }
  }
}

TYPED_TEST(OrderLogContract, AReaderBeginsAtTheStoredWatermark) {
  value_of(append(this->log(), this->numbered(0, 10)));
  value_of(append(this->log(), this->numbered(10, 5)));
  value_of(this->engine->order_store().put(
      {.watermarks = {{LogPartition(0), {.next_offset = LogOffset(4)}}}}));
  // In the middle of a group: the orders before it are not delivered again.
  const auto records = read_all(*this->reader());
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.front().position.offset, LogOffset(4));
  EXPECT_EQ(orders_in(records), this->numbered(4, 11));
}

TYPED_TEST(OrderLogContract, AReaderAtTheEndGetsNothing) {
  value_of(append(this->log(), this->numbered(0, 10)));
  value_of(this->engine->order_store().put(
      {.watermarks = {{LogPartition(0), {.next_offset = LogOffset(10)}}}}));
  EXPECT_TRUE(read_all(*this->reader()).empty());
}

TYPED_TEST(OrderLogContract, ReadersGoOnWhereTheyWere) {
  const auto reader = this->reader();
  value_of(append(this->log(), this->numbered(0, 3)));
  EXPECT_EQ(orders_in(read_all(*reader)), this->numbered(0, 3));
  value_of(reader->commit({{LogPartition(0), LogOffset(3)}}));
  value_of(append(this->log(), this->numbered(3, 3)));
  EXPECT_EQ(orders_in(read_all(*reader)), this->numbered(3, 3));
}

TYPED_TEST(OrderLogContract, APollBringsAboutAsManyAsAskedFor) {
  for (int i = 0; i < 10; ++i) value_of(append(this->log(), this->numbered(i * 10, 10)));
  const auto reader = this->reader();
  std::size_t read = 0;
  while (read < 100) {
    const auto records = value_of(reader->poll(25, 10ms, {}));
    // At most one group more than asked for.
    EXPECT_LE(records.size(), 35U);
    read += records.size();
  }
  EXPECT_EQ(read, 100U);
}

TYPED_TEST(OrderLogContract, APollForNothingOnlyWaits) {
  value_of(append(this->log(), this->numbered(0, 5)));
  const auto reader = this->reader();
  EXPECT_TRUE(value_of(reader->poll(0, 1ms, {})).empty());
  EXPECT_EQ(orders_in(read_all(*reader)), this->numbered(0, 5));
  EXPECT_TRUE(value_of(reader->poll(0, 1ms, {})).empty());
}

TYPED_TEST(OrderLogContract, ReadToTheEndNamesThePartitionsAndTheirEnds) {
  const auto reader = this->reader();
  EXPECT_TRUE(read_all(*reader).empty());
  const std::map<LogPartition, LogOffset> nothing = {{LogPartition(0), LogOffset(0)}};
  EXPECT_EQ(value_of(reader->read_to_end()), nothing);
  value_of(append(this->log(), this->numbered(0, 5)));
  EXPECT_TRUE(value_of(reader->read_to_end()).empty()) << "five wait";
  read_all(*reader);
  const std::map<LogPartition, LogOffset> five = {{LogPartition(0), LogOffset(5)}};
  EXPECT_EQ(value_of(reader->read_to_end()), five);
}

TYPED_TEST(OrderLogContract, APollWaitsForTheFirstOrder) {
  const auto reader = this->reader();
  Result<std::vector<LogRecord>> polled;
  std::jthread waiting([&] { polled = reader->poll(10, 60s, {}); });
  value_of(append(this->log(), this->numbered(0, 1)));
  waiting.join();
  EXPECT_EQ(orders_in(value_of(std::move(polled))), this->numbered(0, 1));
}

TYPED_TEST(OrderLogContract, APollEndsEmptyWhenItsTimeIsOver) {
  EXPECT_TRUE(value_of(this->reader()->poll(10, 1ms, {})).empty());
}

TYPED_TEST(OrderLogContract, APollEndsEmptyOnStop) {
  const auto reader = this->reader();
  std::stop_source stop;
  Result<std::vector<LogRecord>> polled;
  std::jthread waiting([&] { polled = reader->poll(10, 60s, stop.get_token()); });
  stop.request_stop();
  waiting.join();
  EXPECT_TRUE(value_of(std::move(polled)).empty());
}

TYPED_TEST(OrderLogContract, ConcurrentAppendsAreAcknowledgedOnceAndFound) {
  constexpr int kThreads = 8;
  constexpr int kAppends = 100;
  std::vector<std::atomic<int>> acknowledged(kThreads * kAppends);
  std::latch all_done(kThreads * kAppends);
  {
    std::vector<std::jthread> tills;
    for (int till = 0; till < kThreads; ++till) {
      tills.emplace_back([&, till] {
        for (int i = 0; i < kAppends; ++i) {
          // Each till has a user of its own, so that the order within a user can be checked.
          std::vector<Order> orders(static_cast<std::size_t>(i % 3 + 1),
                                    order(fmt::format("till{}", till), std::to_string(i)));
          this->log().append(std::move(orders), [&, at = till * kAppends + i](Result<void> result) {
            if (result) ++acknowledged[static_cast<std::size_t>(at)];
            all_done.count_down();
          });
        }
      });
    }
  }
  all_done.wait();
  for (const auto& times : acknowledged) EXPECT_EQ(times, 1);

  std::map<UserId, std::vector<int>> by_till;
  for (const Order& found : orders_in(read_all(*this->reader())))
    by_till[found.user_id].push_back(std::stoi(found.order_id.value()));
  ASSERT_EQ(by_till.size(), static_cast<std::size_t>(kThreads));
  std::vector<int> expected;
  for (int i = 0; i < kAppends; ++i) expected.insert(expected.end(), i % 3 + 1, i);
  for (const auto& [till, ids] : by_till) EXPECT_EQ(ids, expected) << till.value();
}

TYPED_TEST(OrderLogContract, AnErasureLiesAmongTheOrders) {
  value_of(append(this->log(), this->numbered(0, 2)));
  const LogPosition position =
      value_of(this->log().append_erasure({.user_id = UserId("太郎 \"u\"")}));
  value_of(append(this->log(), this->numbered(2, 2)));
  this->engine.reopen();
  EXPECT_EQ(position, (LogPosition{.partition = LogPartition(0), .offset = LogOffset(2)}));
  EXPECT_EQ(value_of(this->log().ends()).at(LogPartition(0)), LogOffset(5));
  const auto records = read_all(*this->reader());
  ASSERT_EQ(records.size(), 5U);
  EXPECT_EQ(records[2].position, position);
  EXPECT_EQ(std::get<UserErasure>(records[2].content), (UserErasure{UserId("太郎 \"u\"")}));
  EXPECT_EQ(std::get<Order>(records[3].content), order("u", "2"));
}

}  // namespace
}  // namespace konomi::contract
