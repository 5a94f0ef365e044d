#include "consume/consumer.h"

#include "adapters/memory/engine.h"
#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace konomi::consume {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr BucketCount kBuckets{4};

Timestamp noon() {
  return parse_rfc3339("2025-05-31T12:00:00+09:00").value();
}

Order order(const std::string& user, const std::string& id, const std::string& type) {
  return {.user_id = UserId(user),
          .order_id = OrderId(id),
          .ordered_at = noon(),
          .menu_type = MenuType(type)};
}

class ConsumerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Where a user's orders are found by the user alone, the store goes by these.
    ASSERT_TRUE(engine_.settings_store().put_data_settings(
        {.time_zone = "Asia/Tokyo", .bucket_count = kBuckets}));
    start_again();
  }

  // As a process does that was killed: nothing is left but what is stored.
  void start_again() {
    consumer_.reset();
    reader_ = engine_.open_reader().value();
    consumer_.emplace(ConsumerPorts{*reader_, engine_.order_store(), engine_.dead_letters(),
                                    engine_.settings_store()},
                      calendar_, kBuckets, metrics_, clock_, options_);
  }

  void append(std::vector<Order> orders) {
    engine_.order_log().append(std::move(orders),
                               [](const Result<void>& done) { ASSERT_TRUE(done); });
  }

  Result<std::size_t> step() { return consumer_->step({}); }

  std::vector<std::string> stored_ids() {
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < kBuckets.value(); ++i) {
      const auto cursor = engine_.order_store().scan(calendar_.day_of(noon()), Bucket(i)).value();
      std::vector<StoredOrder> rows;
      while (cursor->next(rows, 100) && !rows.empty()) {
        for (const StoredOrder& row : rows) ids.push_back(row.order.order_id.value());
      }
    }
    std::ranges::sort(ids);
    return ids;
  }

  Watermark watermark() { return engine_.order_store().watermarks().value()[LogPartition(0)]; }

  void fail(std::string_view call, int calls, ErrorCode code, bool after_effect = false) {
    engine_.fail_next(
        call, calls,
        {.error = {.code = code, .message = "as the test wants it"}, .after_effect = after_effect});
  }

  ManualClock clock_{noon()};
  memory::MemoryEngine engine_{clock_};
  BusinessCalendar calendar_ = BusinessCalendar::make("Asia/Tokyo", minutes(0)).value();
  Metrics metrics_;
  ConsumerOptions options_{.poll_wait = milliseconds(0),
                           .menu_types_max = 4,
                           .retry_first = milliseconds(1),
                           .retry_max = milliseconds(2)};
  std::unique_ptr<OrderLogReader> reader_;
  std::optional<Consumer> consumer_;
};

TEST_F(ConsumerTest, StoresWhatWasAppendedAndMovesTheWatermark) {
  append({order("u1", "o1", "washoku"), order("u2", "o2", "yoshoku")});
  EXPECT_EQ(step().value(), 2U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
  EXPECT_EQ(watermark().next_offset, LogOffset(2));
  EXPECT_EQ(watermark().stored_up_to, noon());
  EXPECT_EQ(step().value(), 0U);
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_stored_total 2"));
}

TEST_F(ConsumerTest, TheLaterOfTwoOrdersWithOneIdentityStays) {
  append({order("u1", "o1", "washoku"), order("u1", "o1", "yoshoku")});
  ASSERT_EQ(step().value(), 2U);
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  append({order("u1", "o1", "chuka")});
  ASSERT_EQ(step().value(), 3U);
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  ASSERT_TRUE(step());
  const auto stored = engine_.order_store()
                          .orders_of(UserId("u1"), calendar_.day_of(noon()), std::nullopt, 10)
                          .value();
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].order.menu_type, MenuType("chuka"));
  EXPECT_EQ(stored[0].version, Version(2));
}

TEST_F(ConsumerTest, AddsNewTypesToTheCatalogueBeforeTheirOrders) {
  append({order("u1", "o1", "chuka")});
  fail("order_store.put", 1, ErrorCode::unavailable);
  EXPECT_FALSE(step());
  const auto types = engine_.settings_store().menu_types().value();
  EXPECT_TRUE(std::ranges::any_of(
      types, [](const MenuTypeEntry& entry) { return entry.id == MenuType("chuka"); }));
  EXPECT_THAT(stored_ids(), IsEmpty());
}

TEST_F(ConsumerTest, SeesTypesThatOthersAdded) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  ASSERT_TRUE(engine_.settings_store().add_menu_types({MenuType("c"), MenuType("d")}));
  append({order("u1", "o2", "c"), order("u1", "o3", "e")});
  ASSERT_TRUE(step());
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2")) << "the catalogue of 4 is full";
  const auto letters = engine_.dead_letters().list(nullptr, 10).value();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].reason, "too_many_menu_types");
  EXPECT_THAT(metrics_.exposition(),
              HasSubstr("konomi_consume_dead_letters_total{reason=\"too_many_menu_types\"} 1"));
}

TEST_F(ConsumerTest, KeepsADeadLetterBeforeItPassesTheRecord) {
  engine_.append_unreadable(LogPartition(0), {.reason = "unreadable", .value = "\x01"});
  append({order("u1", "o1", "washoku")});
  fail("dead_letters.put", 1, ErrorCode::unavailable);
  EXPECT_FALSE(step());
  EXPECT_EQ(watermark().next_offset, LogOffset(0));
  EXPECT_THAT(stored_ids(), IsEmpty());
  EXPECT_EQ(step().value(), 2U);
  EXPECT_EQ(engine_.dead_letters().count().value(), 1U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1"));
}

TEST_F(ConsumerTest, WritesAFailedBatchAgainBeforeItReadsOn) {
  append({order("u1", "o1", "washoku")});
  fail("order_store.put", 3, ErrorCode::timed_out, true);
  for (int i = 0; i < 3; ++i) {
    const auto failed = step();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::timed_out);
  }
  append({order("u2", "o2", "washoku")});
  EXPECT_EQ(step().value(), 1U) << "the batch that failed, and nothing else";
  EXPECT_EQ(step().value(), 1U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
}

// Each kind of call of a step fails once, before or after its effect; then the step is repeated by
// this consumer or by a new one.
TEST_F(ConsumerTest, LosesNothingWhateverCallFails) {
  const std::vector<std::string> calls{"order_log_reader.poll",  "settings_store.menu_types",
                                       "order_store.watermarks", "settings_store.add_menu_types",
                                       "dead_letters.put",       "order_store.put",
                                       "order_log_reader.commit"};
  std::vector<std::string> expected;
  int n = 0;
  for (const bool after_effect : {false, true}) {
    for (const bool killed : {false, true}) {
      for (const std::string& call : calls) {
        start_again();
        const std::string id = "o" + std::to_string(100 + n++);
        engine_.append_unreadable(LogPartition(0), {.reason = "unreadable"});
        append({order("u1", id, n % 2 == 0 ? "chuka" : "cafe")});
        expected.push_back(id);
        fail(call, 1, ErrorCode::timed_out, after_effect);
        (void)step();
        if (killed) start_again();
        for (int i = 0; i < 3; ++i) (void)step();
        ASSERT_EQ(watermark().next_offset, LogOffset(static_cast<std::uint64_t>(2 * n)))
            << call << (after_effect ? " after" : " before") << (killed ? " killed" : "");
      }
    }
  }
  EXPECT_EQ(stored_ids(), expected);
  EXPECT_EQ(engine_.dead_letters().count().value(), static_cast<std::uint64_t>(n));
}

TEST_F(ConsumerTest, StoresRedeliveredRecordsWithoutCountingThemTwice) {
  append({order("u1", "o1", "washoku"), order("u1", "o2", "washoku")});
  ASSERT_TRUE(step());
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  EXPECT_EQ(step().value(), 2U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
  EXPECT_EQ(watermark().next_offset, LogOffset(2));
}

TEST_F(ConsumerTest, AnEmptyPollSaysThatTheLogIsReadUpToAMinuteAgo) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  clock_.advance(minutes(10));
  ASSERT_EQ(step().value(), 0U);
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9));
  EXPECT_EQ(watermark().next_offset, LogOffset(1));
}

TEST_F(ConsumerTest, SaysSoAtMostEveryFewSecondsAndNeverGoesBack) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon()) << "a minute ago is before the last record";
  clock_.advance(minutes(10));
  ASSERT_TRUE(step());
  clock_.advance(seconds(4));
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9));
  clock_.advance(seconds(1));
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9) + seconds(5));
}

TEST_F(ConsumerTest, AnEmptyPollBecauseOfAStopSaysNothing) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  clock_.advance(minutes(10));
  std::stop_source stop;
  stop.request_stop();
  ASSERT_TRUE(consumer_->step(stop.get_token()));
  EXPECT_EQ(watermark().stored_up_to, noon());
}

TEST_F(ConsumerTest, ANewConsumerDoesNotTakeTheWatermarkBack) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  clock_.advance(minutes(10));
  ASSERT_TRUE(step());
  start_again();
  clock_.set(noon());
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9));
}

class RunningConsumerTest : public ConsumerTest {
 protected:
  // Every failed call of `call` is followed by a look at the status, without a sleep.
  void await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
};

TEST_F(RunningConsumerTest, RepeatsTransientFailuresUntilTheyEnd) {
  append({order("u1", "o1", "washoku")});
  std::atomic<bool> broken = true;
  std::atomic<int> attempts = 0;
  engine_.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call != "order_store.put") return std::nullopt;
    ++attempts;
    if (!broken) return std::nullopt;
    return memory::Fault{.error = {.code = ErrorCode::storage_full, .message = "no room"}};
  });
  Result<void> outcome;
  {
    std::jthread thread([&](std::stop_token stop) { outcome = consumer_->run(stop); });
    await([&] { return attempts > 5; });
    await([&] { return consumer_->status().state == ConsumerStatus::State::retrying; });
    EXPECT_EQ(consumer_->status().last_error->code, ErrorCode::storage_full);
    broken = false;
    await([&] { return watermark().next_offset == LogOffset(1); });
    await([&] { return consumer_->status().state == ConsumerStatus::State::running; });
  }
  EXPECT_TRUE(outcome);
  engine_.decide_faults({});
  EXPECT_THAT(stored_ids(), ElementsAre("o1"));
  EXPECT_FALSE(consumer_->status().last_error);
}

TEST_F(RunningConsumerTest, StopsWithinALongWait) {
  options_.retry_first = options_.retry_max = std::chrono::hours(1);
  start_again();
  append({order("u1", "o1", "washoku")});
  fail("order_store.put", 1000, ErrorCode::unavailable);
  std::jthread thread([&](std::stop_token stop) { EXPECT_TRUE(consumer_->run(stop)); });
  await([&] { return consumer_->status().state == ConsumerStatus::State::retrying; });
  thread.request_stop();
  thread.join();
}

TEST_F(RunningConsumerTest, EndsWhenTheLogNoLongerReachesBack) {
  append({order("u1", "o1", "washoku"), order("u1", "o2", "washoku")});
  engine_.trim_log(LogPartition(0), LogOffset(1));
  const auto outcome = consumer_->run({});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::corrupted);
  EXPECT_EQ(consumer_->status().state, ConsumerStatus::State::stopped);
  EXPECT_THAT(stored_ids(), IsEmpty());
}

}  // namespace
}  // namespace konomi::consume
