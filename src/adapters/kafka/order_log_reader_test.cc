#include "adapters/kafka/order_log_reader.h"

#include "adapters/kafka/kafka_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace konomi::kafka {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

constexpr LogPartition kZero{0};

class KafkaReaderTest : public KafkaTest {
 protected:
  void store_watermark(std::uint64_t next_offset, std::uint32_t partition = 0,
                       Timestamp stored_up_to = {}) {
    const Watermark watermark{.next_offset = LogOffset(next_offset), .stored_up_to = stored_up_to};
    value_of(stores_.order_store().put({.watermarks = {{LogPartition(partition), watermark}}}));
  }
  std::unique_ptr<OrderLogReader> reader(KafkaEngine& engine) {
    return value_of(engine.open_reader(stores_.order_store()));
  }
};

TEST_F(KafkaReaderTest, BeginsAtTheStoredWatermark) {
  KafkaEngine& engine = open(new_options());
  value_of(append(engine.order_log(), numbered(0, 15)));
  store_watermark(4);
  EXPECT_EQ(orders_in(read_all(*reader(engine))), numbered(4, 11));
  store_watermark(15);
  EXPECT_THAT(read_all(*reader(engine)), IsEmpty());
}

TEST_F(KafkaReaderTest, TheGroupsOwnOffsetsDecideNothing) {
  const KafkaOptions options = new_options();
  KafkaEngine& engine = open(options);
  value_of(append(engine.order_log(), numbered(0, 5)));
  {
    const auto first = reader(engine);
    read_all(*first);
    value_of(first->commit({{kZero, LogOffset(5)}, {LogPartition(7), LogOffset(1)}}));
  }
  EXPECT_EQ(administrator().committed(options.group, options.topic, 0), 5);
  // Nothing was stored.
  EXPECT_EQ(orders_in(read_all(*reader(engine))), numbered(0, 5));
}

TEST_F(KafkaReaderTest, GoesOnWhereItWas) {
  KafkaEngine& engine = open(new_options());
  const auto reader = this->reader(engine);
  value_of(append(engine.order_log(), numbered(0, 3)));
  EXPECT_EQ(orders_in(read_all(*reader)), numbered(0, 3));
  value_of(append(engine.order_log(), numbered(3, 3)));
  EXPECT_EQ(orders_in(read(*reader, 2)), numbered(3, 2));
  EXPECT_THAT(value_of(reader->read_to_end()), IsEmpty());
  EXPECT_EQ(orders_in(read(*reader, 1)), numbered(5, 1));
  EXPECT_THAT(value_of(reader->read_to_end()), ElementsAre(Pair(kZero, LogOffset(6))));
}

TEST_F(KafkaReaderTest, APollWaitsForTheFirstOrderAndEndsOnStop) {
  KafkaEngine& engine = open(new_options());
  const auto reader = this->reader(engine);
  read_all(*reader);
  Result<std::vector<LogRecord>> polled;
  std::jthread waiting([&] { polled = reader->poll(10, 60s, {}); });
  value_of(append(engine.order_log(), numbered(0, 1)));
  waiting.join();
  EXPECT_EQ(orders_in(value_of(polled)), numbered(0, 1));

  std::stop_source stop;
  waiting = std::jthread([&] { polled = reader->poll(10, 60s, stop.get_token()); });
  stop.request_stop();
  waiting.join();
  EXPECT_THAT(value_of(polled), IsEmpty());
  EXPECT_THAT(value_of(reader->poll(10, 1ms, {})), IsEmpty());
}

TEST_F(KafkaReaderTest, ReadsTheLinesOfTheFirstVersion) {
  const KafkaOptions options = new_options();
  const Headers headers = {{"h", std::string("\0x", 2)}, {"h", ""}};
  administrator().produce(
      options.topic, {line("u,2025-01-01T09:00:00+09:00,washoku"),
                      line("u,1,2025-01-01T00:00:00Z,washoku"),
                      {.key = std::nullopt, .value = std::string("\xff\0", 2), .headers = headers},
                      {.key = "gone", .value = std::nullopt},
                      line("u,2099-01-01T00:00:00Z,washoku"),
                      line(R"({"v":9})"),
                      line(R"({"user_id":"v","ordered_at":"2025-01-01T00:00:00Z",)"
                           R"("menu_type":"washoku"})")});
  const auto reader = this->reader(open(options));
  std::vector<LogRecord> records;
  std::vector<RawRecord> raw;
  while (records.size() < 7) {
    for (LogRecord& record : read(*reader, 1)) {
      raw.push_back(value_of(reader->raw(record.position)));
      records.push_back(std::move(record));
    }
    ASSERT_THAT(value_of(reader->poll(0, 1ms, {})), IsEmpty());
  }
  EXPECT_EQ(orders_in(records), (std::vector<Order>{order("u", "p0-o0"), order("v", "p0-o6")}));
  const auto unreadable = [&](std::size_t at) {
    return std::get<UnreadableRecord>(records.at(at).content);
  };
  EXPECT_EQ(unreadable(1).reason, "unreadable");
  EXPECT_EQ(raw[1].key, "k");
  EXPECT_EQ(raw[1].value, "u,1,2025-01-01T00:00:00Z,washoku");
  EXPECT_EQ(unreadable(2).reason, "unreadable");
  EXPECT_EQ(raw[2].key, "");
  EXPECT_EQ(raw[2].value, std::string("\xff\0", 2));
  EXPECT_EQ(raw[2].headers, headers);
  EXPECT_EQ(unreadable(3).reason, "unreadable");
  EXPECT_EQ(raw[3].key, "gone");
  EXPECT_EQ(unreadable(4).reason, "invalid_order");
  EXPECT_EQ(unreadable(5).reason, "unreadable");
}

TEST_F(KafkaReaderTest, NoHeaderPutsAnOrderBehindItsOwnPosition) {
  const KafkaOptions options = new_options(2);
  const auto with = [](std::string_view original) {
    RawMessage message = line("u,2025-01-01T00:00:00Z,washoku");
    message.headers = {{"konomi-original-position", std::string(original)}};
    return message;
  };
  administrator().produce(options.topic,
                          {with("0-0"), with("0-0"), with("0-7"), with("x"), with("1-9")});
  std::vector<std::optional<LogPosition>> originals;
  for (const LogRecord& record : read(*reader(open(options)), 5))
    originals.push_back(record.original);
  EXPECT_THAT(originals, ElementsAre(std::nullopt, position(0, 0), std::nullopt, std::nullopt,
                                     position(1, 9)));
}

TEST_F(KafkaReaderTest, LogTimesNeverGoBackAndAreNeverOfTheFuture) {
  KafkaOptions options = new_options();
  options.topic =
      administrator().new_topic(1, {{"message.timestamp.type", "CreateTime"},
                                    {"message.timestamp.after.max.ms", "9223372036854775807"}});
  const auto at = [](std::int64_t second) {
    RawMessage message = line("u,2025-01-01T00:00:00Z,washoku");
    message.timestamp = instant(second);
    return message;
  };
  administrator().produce(options.topic, {at(-20), at(-30), at(-10), at(1'000'000'000)});
  store_watermark(0, 0, instant(-25));
  const auto records = read_all(*reader(open(options)));
  std::vector<Timestamp> times;
  for (const LogRecord& record : records) times.push_back(record.logged_at);
  EXPECT_THAT(times, ElementsAre(instant(-20), instant(-20), instant(-10), instant(0)));
}

TEST_F(KafkaReaderTest, TheMarkOfATransactionIsReadPast) {
  const KafkaOptions options = new_options();
  administrator().produce_in_transaction(options.topic, {line("u,2025-01-01T00:00:00Z,washoku")});
  const auto reader = this->reader(open(options));
  EXPECT_THAT(read_all(*reader), SizeIs(1));
  EXPECT_THAT(value_of(reader->read_to_end()), ElementsAre(Pair(kZero, LogOffset(2))));
}

TEST_F(KafkaReaderTest, TwoReadersShareThePartitionsAndTakeOver) {
  constexpr std::size_t kPartitions = 4;
  KafkaEngine& engine = open(new_options(kPartitions));
  auto first = reader(engine);
  read_all(*first, kPartitions);
  const auto second = reader(engine);
  const auto until = std::chrono::steady_clock::now() + 30s;
  std::size_t shares = 0;
  while (shares != kPartitions && std::chrono::steady_clock::now() < until) {
    EXPECT_THAT(value_of(first->poll(10, 50ms, {})), IsEmpty());
    EXPECT_THAT(value_of(second->poll(10, 50ms, {})), IsEmpty());
    const std::size_t of_second = value_of(second->read_to_end()).size();
    shares = of_second == 0 ? 0 : of_second + value_of(first->read_to_end()).size();
  }
  EXPECT_EQ(shares, kPartitions);
  EXPECT_THAT(value_of(second->read_to_end()), SizeIs(kPartitions / 2));

  std::vector<Order> orders;
  for (int i = 0; i < 100; ++i) orders.push_back(order(fmt::format("u{}", i), "1"));
  value_of(append(engine.order_log(), orders));
  std::vector<Order> found;
  while (found.size() < orders.size() && std::chrono::steady_clock::now() < until) {
    for (const auto& reader : {first.get(), second.get()})
      std::ranges::move(orders_in(value_of(reader->poll(1000, 50ms, {}))),
                        std::back_inserter(found));
  }
  EXPECT_THAT(found, UnorderedElementsAreArray(orders));

  // What the first one was handed and did not store is read again by its successor.
  first.reset();
  const std::vector<Order> again = orders_in(read_all(*second, kPartitions));
  EXPECT_GT(again.size(), 0U);
  EXPECT_LT(again.size(), orders.size());
}

TEST_F(KafkaReaderTest, ARestingReaderKeepsItsPartitionsAndItsPlace) {
  KafkaOptions options = new_options(2);
  options.settings["session.timeout.ms"] = "6000";
  options.settings["max.poll.interval.ms"] = "6000";
  KafkaEngine& engine = open(options);
  value_of(append(engine.order_log(), numbered(0, 10)));
  const auto reader = this->reader(engine);
  const auto before = orders_in(read(*reader, 4));
  // Longer than the group waits for one that is silent.
  const auto until = std::chrono::steady_clock::now() + 8s;
  while (std::chrono::steady_clock::now() < until)
    EXPECT_THAT(value_of(reader->poll(0, 500ms, {})), IsEmpty());
  EXPECT_THAT(value_of(reader->read_to_end()), SizeIs(1));  // The partition without records.
  auto all = before;
  std::ranges::move(orders_in(read_all(*reader, 2)), std::back_inserter(all));
  EXPECT_EQ(all, numbered(0, 10));
}

TEST_F(KafkaReaderTest, AReaderThatSleptLosesItsPartitionsAndTellsTheTruth) {
  KafkaOptions options = new_options();
  options.settings["session.timeout.ms"] = "6000";
  options.settings["max.poll.interval.ms"] = "6000";
  KafkaEngine& engine = open(options);
  const auto sleeper = this->reader(engine);
  value_of(append(engine.order_log(), numbered(0, 3)));
  EXPECT_EQ(orders_in(read_all(*sleeper)), numbered(0, 3));
  const auto successor = this->reader(engine);
  EXPECT_EQ(orders_in(read(*successor, 3)), numbered(0, 3));
  EXPECT_THAT(value_of(sleeper->read_to_end()), SizeIs(1));
  value_of(append(engine.order_log(), numbered(3, 1)));
  EXPECT_EQ(orders_in(read(*successor, 1)), numbered(3, 1));
  EXPECT_THAT(value_of(sleeper->read_to_end()), IsEmpty());
  value_of(sleeper->commit({{LogPartition(0), LogOffset(3)}}));
  // It is a member again, which has nothing to read.
  EXPECT_THAT(value_of(sleeper->poll(10, 2s, {})), IsEmpty());
}

TEST_F(KafkaReaderTest, AReaderThatCannotReadTheStoreSaysSo) {
  KafkaEngine& engine = open(new_options());
  value_of(append(engine.order_log(), numbered(0, 3)));
  const auto reader = this->reader(engine);
  stores_.fail_next("order_store.watermarks", 1, {.error = {.code = ErrorCode::unavailable}});
  EXPECT_EQ(read_error(*reader).code, ErrorCode::unavailable);
  EXPECT_EQ(orders_in(read_all(*reader)), numbered(0, 3));
}

TEST_F(KafkaReaderTest, ALogThatDoesNotReachBackToTheWatermarkStopsThePartition) {
  const KafkaOptions options = new_options(2);
  KafkaEngine& engine = open(options);
  administrator().produce(options.topic, std::vector(20, line("u,2025-01-01T00:00:00Z,a")));
  administrator().produce(options.topic, std::vector(3, line("v,2025-01-01T00:00:00Z,a", 1)));
  administrator().delete_records(options.topic, 0, 12);
  store_watermark(5);
  const auto reader = this->reader(engine);
  const Error error = read_error(*reader);
  EXPECT_EQ(error.code, ErrorCode::corrupted);
  EXPECT_THAT(error.message, AllOf(HasSubstr("partition 0"), HasSubstr("offset 12"),
                                   HasSubstr("before 5"), HasSubstr("7 records")));
  // The other partition is read.
  EXPECT_THAT(orders_in(read(*reader, 3)), SizeIs(3));
  EXPECT_THAT(value_of(reader->read_to_end()), ElementsAre(Pair(LogPartition(1), LogOffset(3))));
}

TEST_F(KafkaReaderTest, ALogThatEndsBeforeTheWatermarkStopsThePartition) {
  KafkaEngine& engine = open(new_options());
  value_of(append(engine.order_log(), numbered(0, 3)));
  store_watermark(4);
  const Error error = read_error(*reader(engine));
  EXPECT_EQ(error.code, ErrorCode::corrupted);
  EXPECT_THAT(error.message, AllOf(HasSubstr("ends at offset 3"), HasSubstr("before 4"),
                                   HasSubstr("`konomi export orders`")));
}

TEST_F(KafkaReaderTest, RecordsThatAreDeletedWhileTheyAreToBeReadStopThePartition) {
  const KafkaOptions options = new_options();
  KafkaEngine& engine = open(options);
  value_of(append(engine.order_log(), numbered(0, 20)));
  const auto reader = this->reader(engine);
  EXPECT_THAT(read(*reader, 2), SizeIs(2));
  value_of(reader->poll(0, 1ms, {}));  // Lets go what was read ahead.
  administrator().delete_records(options.topic, 0, 10);
  EXPECT_EQ(read_error(*reader).code, ErrorCode::corrupted);
}

TEST_F(KafkaReaderTest, ATrimmedLogThatNobodyHasReadIsReadFromItsBeginning) {
  const KafkaOptions options = new_options();
  administrator().produce(options.topic, std::vector(20, line("u,2025-01-01T00:00:00Z,a")));
  administrator().delete_records(options.topic, 0, 12);
  const auto records = read_all(*reader(open(options)));
  ASSERT_THAT(records, SizeIs(8));
  EXPECT_EQ(records[0].position, position(0, 12));
}

TEST_F(KafkaReaderTest, SaysThatTheTopicIsMissing) {
  KafkaOptions options = new_options();
  options.topic += "-misspelt";
  const Error error = read_error(*reader(open(options)));
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_THAT(error.message, HasSubstr("`konomi topics apply`"));
}

TEST_F(KafkaReaderTest, SaysThatNoBrokerAnswers) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  const Error error = read_error(*reader(open(options)));
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_THAT(error.message, HasSubstr("check that the brokers run"));
}

TEST_F(KafkaReaderTest, MayGoBeforeItHasJoined) {
  KafkaEngine& engine = open(new_options());
  for (int i = 0; i < 5; ++i) {
    const auto reader = this->reader(engine);
    if (i % 2 == 1) value_of(reader->poll(1, std::chrono::milliseconds(2 * i), {}));
  }
}

}  // namespace
}  // namespace konomi::kafka
