#include "adapters/kafka/order_log.h"

#include "adapters/kafka/kafka_fixture.h"
#include "domain/bucket.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace konomi::kafka {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

constexpr LogPartition kFirstPartition{0};

using KafkaOrderLogTest = KafkaTest;

TEST_F(KafkaOrderLogTest, GivesBackEveryFieldOfAnOrder) {
  KafkaEngine& engine = open(new_options());
  Order placed = order("太郎", "注文 \"1\"", "Americano with Milk");
  placed.ordered_at = Timestamp(1'735'689'600'123ms);
  Order cancelled = order("u", "2", "");
  cancelled.status = OrderStatus::cancelled;
  value_of(append(engine.order_log(), {placed, cancelled}));

  const auto reader = value_of(engine.open_reader(stores_.order_store()));
  const auto records = read_all(*reader);
  EXPECT_EQ(orders_in(records), (std::vector<Order>{placed, cancelled}));
  EXPECT_EQ(records.at(1).position, position(0, 1));
  EXPECT_GE(records.at(1).logged_at, records.at(0).logged_at);
}

TEST_F(KafkaOrderLogTest, ARecordSaysWhatItIs) {
  const KafkaOptions options = new_options();
  value_of(append(open(options).order_log(), {order("u", "1")}));
  const auto messages = administrator().consume(options.topic, 0, 1);
  EXPECT_EQ(messages[0].key, "u");
  EXPECT_EQ(messages[0].value,
            R"({"v":1,"order_id":"1","user_id":"u","ordered_at":"2025-01-01T00:00:00.000Z",)"
            R"("menu_type":"washoku","status":"placed"})");
  EXPECT_EQ(messages[0].headers,
            (Headers{{"content-type", "application/json"}, {"received-at", "1735689600000"}}));
}

TEST_F(KafkaOrderLogTest, AReplayedRecordSaysWhereItWas) {
  const KafkaOptions options = new_options(8);
  OrderLog& log = open(options).order_log();
  const auto lies_at =
      value_of(log.replay({{order("u", "1"), position(3, 41)}, {order("u", "2")}}));
  ASSERT_THAT(lies_at, SizeIs(2));
  EXPECT_EQ(lies_at[0].partition.value(), bucket_of(UserId("u"), BucketCount(8)).value());
  EXPECT_EQ(lies_at[1].offset, LogOffset(1));
  const auto messages = administrator().consume(
      options.topic, static_cast<std::int32_t>(lies_at[0].partition.value()), 2);
  EXPECT_EQ(messages[0].key, "u");
  EXPECT_EQ(messages[0].headers, (Headers{{"content-type", "application/json"},
                                          {"received-at", "1735689600000"},
                                          {"konomi-original-position", "3-41"}}));
  EXPECT_THAT(messages[1].headers, SizeIs(2));
}

TEST_F(KafkaOrderLogTest, AUsersPartitionIsThatOfTheBuckets) {
  constexpr std::uint32_t kPartitions = 8;
  KafkaEngine& engine = open(new_options(kPartitions));
  std::vector<Order> orders;
  for (int i = 0; i < 500; ++i)
    orders.push_back(order(fmt::format("{}{}", i % 2 == 0 ? "user" : "客", i * i), "1"));
  value_of(append(engine.order_log(), orders));
  const auto reader = value_of(engine.open_reader(stores_.order_store()));
  const auto records = read_all(*reader, kPartitions);
  ASSERT_EQ(records.size(), orders.size());
  for (const LogRecord& record : records) {
    const UserId& user = std::get<Order>(record.content).user_id;
    EXPECT_EQ(record.position.partition.value(), bucket_of(user, BucketCount(kPartitions)).value());
    EXPECT_EQ(record.position.partition.value(),
              bucket_of(user, kBucketCountDefault).value() % kPartitions);
  }
}

TEST_F(KafkaOrderLogTest, EndsCountOrders) {
  KafkaEngine& engine = open(new_options(2));
  const std::map<LogPartition, LogOffset> none = {{kFirstPartition, LogOffset(0)},
                                                  {LogPartition(1), LogOffset(0)}};
  EXPECT_EQ(value_of(engine.order_log().ends()), none);
  bool called = false;
  engine.order_log().append({}, [&](Result<void> result) { called = result.has_value(); });
  EXPECT_TRUE(called);
  EXPECT_EQ(value_of(engine.order_log().ends()), none);
  value_of(append(engine.order_log(), numbered(0, 7)));
  const auto ends = value_of(engine.order_log().ends());
  EXPECT_EQ(ends.at(kFirstPartition).value() + ends.at(LogPartition(1)).value(), 7U);
}

TEST_F(KafkaOrderLogTest, KeepsTheOrderOfEachUser) {
  constexpr int kThreads = 8;
  constexpr int kAppends = 100;
  KafkaEngine& engine = open(new_options(4));
  std::vector<std::atomic<int>> acknowledged(kThreads * kAppends);
  std::latch all_done(kThreads * kAppends);
  {
    std::vector<std::jthread> tills;
    for (int till = 0; till < kThreads; ++till) {
      tills.emplace_back([&, till] {
        for (int i = 0; i < kAppends; ++i) {
          engine.order_log().append(numbered(i * 3, 3, fmt::format("till{}", till)),
                                    [&, at = till * kAppends + i](Result<void> result) {
                                      if (result) ++acknowledged[static_cast<std::size_t>(at)];
                                      all_done.count_down();
                                    });
        }
      });
    }
  }
  all_done.wait();
  for (const auto& times : acknowledged) EXPECT_EQ(times, 1);
  const auto reader = value_of(engine.open_reader(stores_.order_store()));
  std::map<UserId, std::vector<Order>> by_till;
  for (Order& found : orders_in(read_all(*reader, 4)))
    by_till[found.user_id].push_back(std::move(found));
  ASSERT_EQ(by_till.size(), static_cast<std::size_t>(kThreads));
  for (const auto& [till, found] : by_till)
    EXPECT_EQ(found, numbered(0, 3 * kAppends, till.value()));
}

// A linger keeps orders waiting for as long as a test needs.
TEST_F(KafkaOrderLogTest, SaysOverloadedAndWritesNothingOfIt) {
  KafkaOptions options = new_options();
  options.log_limits.orders_in_flight_max = 10;
  options.settings["linger.ms"] = "1000";
  KafkaEngine& engine = open(options);
  std::promise<Result<void>> first;
  engine.order_log().append(numbered(0, 8),
                            [&](Result<void> result) { first.set_value(std::move(result)); });
  const auto refused = append(engine.order_log(), numbered(100, 3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_FALSE(refused.error().may_have_happened);
  EXPECT_THAT(refused.error().message, HasSubstr("8 orders wait"));
  value_of(first.get_future().get());
  value_of(append(engine.order_log(), numbered(8, 1)));
  const auto reader = value_of(engine.open_reader(stores_.order_store()));
  EXPECT_EQ(orders_in(read_all(*reader)), numbered(0, 9));
}

TEST_F(KafkaOrderLogTest, TheQueueIsBoundedByBytesToo) {
  KafkaOptions options = new_options();
  options.log_limits.bytes_in_flight_max = 5'000;
  options.settings["linger.ms"] = "1000";
  KafkaEngine& engine = open(options);
  std::promise<Result<void>> first;
  engine.order_log().append(numbered(0, 10),
                            [&](Result<void> result) { first.set_value(std::move(result)); });
  EXPECT_EQ(append(engine.order_log(), numbered(0, 10)).error().code, ErrorCode::overloaded);
  value_of(first.get_future().get());
}

TEST_F(KafkaOrderLogTest, ARequestLargerThanTheQueueIsTakenWhenNothingWaits) {
  KafkaOptions options = new_options();
  options.log_limits.orders_in_flight_max = 100;
  KafkaEngine& engine = open(options);
  value_of(append(engine.order_log(), numbered(0, 25'000)));
  value_of(append(engine.order_log(), numbered(25'000, 10)));
  const auto reader = value_of(engine.open_reader(stores_.order_store()));
  EXPECT_EQ(orders_in(read_all(*reader)), numbered(0, 25'010));
}

TEST_F(KafkaOrderLogTest, ReplaysNothingAfterItWasClosed) {
  KafkaEngine& engine = open(new_options());
  engine.close();
  EXPECT_EQ(engine.order_log().replay({{order("u", "1")}}).error().code, ErrorCode::cancelled);
}

TEST_F(KafkaOrderLogTest, RefusesAfterItWasClosed) {
  const KafkaOptions options = new_options();
  KafkaEngine& engine = open(options);
  value_of(append(engine.order_log(), numbered(0, 1)));
  engine.close();
  engine.close();
  const auto refused = append(engine.order_log(), numbered(1, 1));
  EXPECT_EQ(refused.error().code, ErrorCode::cancelled);
  EXPECT_FALSE(refused.error().may_have_happened);
  EXPECT_EQ(value_of(engine.order_log().ends()).at(kFirstPartition), LogOffset(1));
}

TEST_F(KafkaOrderLogTest, ClosingWaitsForWhatIsOnItsWay) {
  KafkaOptions options = new_options();
  options.settings["linger.ms"] = "300";
  KafkaEngine& engine = open(options);
  std::atomic<int> acknowledged = 0;
  for (int i = 0; i < 20; ++i) {
    engine.order_log().append(numbered(i, 1), [&](Result<void> result) {
      if (result) ++acknowledged;
    });
  }
  engine.close();
  EXPECT_EQ(acknowledged, 20);
}

TEST_F(KafkaOrderLogTest, WhenNoBrokerAnswersAppendsAreUnavailable) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  options.append_timeout = 300ms;
  options.query_timeout = 300ms;
  KafkaEngine& engine = open(options);
  value_of(engine.open_order_log());
  const auto failed = append(engine.order_log(), numbered(0, 3));
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(failed.error().may_have_happened);
  EXPECT_THAT(failed.error().message, HasSubstr("check that the brokers run"));
  const ErrorCode code = engine.order_log().ends().error().code;
  EXPECT_TRUE(code == ErrorCode::unavailable || code == ErrorCode::timed_out);
}

TEST_F(KafkaOrderLogTest, ClosingGivesUpInTime) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  options.close_timeout = 100ms;
  KafkaEngine& engine = open(options);
  std::promise<Result<void>> outcome;
  engine.order_log().append(numbered(0, 3),
                            [&](Result<void> result) { outcome.set_value(std::move(result)); });
  engine.close();
  const auto failed = outcome.get_future().get();
  EXPECT_EQ(failed.error().code, ErrorCode::cancelled);
  EXPECT_FALSE(failed.error().may_have_happened);
}

TEST_F(KafkaOrderLogTest, AMissingTopicIsNotMadeByItself) {
  KafkaOptions options = new_options();
  options.topic += "-misspelt";
  options.append_timeout = 2s;
  KafkaEngine& engine = open(options);
  const auto failed = append(engine.order_log(), numbered(0, 1));
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(failed.error().may_have_happened);
  EXPECT_THAT(engine.order_log().ends().error().message, HasSubstr("`konomi topics apply`"));
  EXPECT_EQ(engine.partitions().error().code, ErrorCode::unavailable);
}

TEST_F(KafkaOrderLogTest, AProducerThatWasGivenUpIsReplaced) {
  const KafkaOptions options = new_options();
  Inspector inspector(options);
  KafkaOrderLog log(options, inspector, clock_);
  std::vector<rd_kafka_t*> made;
  std::promise<void> second_made;
  log.on_open([&](rd_kafka_t* client) {
    made.push_back(client);
    if (made.size() == 2) second_made.set_value();
  });
  value_of(append(log, numbered(0, 1)));
  ASSERT_THAT(made, SizeIs(1));
  rd_kafka_test_fatal_error(made[0], RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");
  second_made.get_future().wait();
  value_of(append(log, numbered(1, 1)));
  EXPECT_EQ(value_of(log.ends()).at(kFirstPartition), LogOffset(2));
  log.close();
}

}  // namespace
}  // namespace konomi::kafka
