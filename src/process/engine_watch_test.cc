#include "process/engine_watch.h"

#include "adapters/memory/engine.h"

#include <gmock/gmock.h>

#include <latch>

namespace konomi::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const Timestamp kNow{std::chrono::days(20'000)};

class EngineWatchTest : public testing::Test {
 protected:
  std::string scrape(EngineWatch& watch) {
    Metrics metrics;
    metrics.collect_from([&](Samples& samples) { watch.collect(samples); });
    return metrics.exposition();
  }

  EngineWatch::Options patient() {
    EngineWatch::Options options;
    options.wait_max = seconds(20);
    return options;
  }

  ManualClock clock_{kNow};
  memory::MemoryEngine engine_{clock_};
};

TEST_F(EngineWatchTest, ShowsLagAndDeadLetters) {
  EngineWatch watch(engine_.order_log(), engine_.order_store(), engine_.dead_letters(), clock_,
                    patient());
  std::string text = scrape(watch);
  EXPECT_THAT(text, HasSubstr("konomi_consume_lag_records{partition=\"0\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("konomi_dead_letters_waiting 0\n"));

  std::vector<Order> orders(3);
  for (Order& order : orders) order = {.user_id = UserId("u"), .order_id = OrderId("o")};
  engine_.order_log().append(orders, [](Result<void>) {});
  const LogPartition partition(0);
  StoreBatch batch;
  batch.watermarks[partition] = {.next_offset = LogOffset(1), .stored_up_to = kNow - seconds(40)};
  ASSERT_TRUE(engine_.order_store().put(batch));
  DeadLetter letter;
  letter.position = {.partition = partition, .offset = LogOffset(0)};
  letter.reason = "unreadable";
  letter.failed_at = kNow - seconds(90);
  ASSERT_TRUE(engine_.dead_letters().put({letter}));
  text = scrape(watch);
  EXPECT_THAT(text, HasSubstr("konomi_consume_lag_records{partition=\"0\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("konomi_consume_lag_seconds{partition=\"0\"} 40\n"));
  EXPECT_THAT(text, HasSubstr("konomi_consume_watermark_offset{partition=\"0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("konomi_dead_letters_waiting 1\n"));
  EXPECT_THAT(text, HasSubstr("konomi_dead_letters_oldest_waiting_seconds 90\n"));
  EXPECT_THAT(text, HasSubstr("konomi_stores_up 1\n"));
}

TEST_F(EngineWatchTest, SaysThatTheStoresAreDownAndLeavesOutWhatItDoesNotKnow) {
  EngineWatch watch(engine_.order_log(), engine_.order_store(), engine_.dead_letters(), clock_,
                    patient());
  engine_.fail_next("order_store.watermarks", 1,
                    {.error = {.code = ErrorCode::unavailable, .message = "down"}});
  std::string text = scrape(watch);
  EXPECT_THAT(text, HasSubstr("konomi_stores_up 0\n"));
  EXPECT_THAT(text, HasSubstr("konomi_log_up 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("konomi_consume_lag_records")));
  text = scrape(watch);
  EXPECT_THAT(text, HasSubstr("konomi_stores_up 1\n"));
}

TEST_F(EngineWatchTest, AScrapeDoesNotWaitForAnEngineThatHangs) {
  std::latch released(1);
  engine_.decide_faults([&](std::string_view) -> std::optional<memory::Fault> {
    released.wait();
    return std::nullopt;
  });
  EngineWatch::Options options;
  options.wait_max = milliseconds(5);
  options.answer_max = milliseconds(0);
  EngineWatch watch(engine_.order_log(), engine_.order_store(), engine_.dead_letters(), clock_,
                    options);
  std::string text;
  // The threads may not have begun to ask at the first scrape.
  const auto has_both = [&] {
    return text.contains("konomi_log_up") && text.contains("konomi_stores_up");
  };
  for (int i = 0; i < 1'000 && !has_both(); ++i) text = scrape(watch);
  EXPECT_THAT(text, HasSubstr("konomi_log_up 0\n"));
  EXPECT_THAT(text, HasSubstr("konomi_stores_up 0\n"));
  released.count_down();
}

TEST_F(EngineWatchTest, ReadinessTellsWhatTheMetricsTell) {
  EngineWatch::Options options = patient();
  options.needs_stores = true;
  EngineWatch watch(engine_.order_log(), engine_.order_store(), engine_.dead_letters(), clock_,
                    options);
  EXPECT_THAT(scrape(watch), HasSubstr("konomi_stores_up 1\n"));
  ASSERT_EQ(watch.checks().size(), 1U);
  EXPECT_EQ(watch.checks().front().name, "stores");
  EXPECT_TRUE(watch.checks().front().outcome);

  engine_.decide_faults([](std::string_view) -> std::optional<memory::Fault> {
    return memory::Fault{.error = {.code = ErrorCode::unavailable, .message = "down"}};
  });
  EXPECT_THAT(scrape(watch), HasSubstr("konomi_stores_up 0\n"));
  const auto outcome = watch.checks().front().outcome;
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "down");
  watch.stop();
}

TEST_F(EngineWatchTest, StoresThatHangDoNotHideTheLog) {
  std::latch released(1);
  engine_.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call.starts_with("order_store.")) released.wait();
    return std::nullopt;
  });
  EngineWatch::Options options = patient();
  options.wait_max = milliseconds(5);
  EngineWatch watch(engine_.order_log(), engine_.order_store(), engine_.dead_letters(), clock_,
                    options);
  std::string text;
  for (int i = 0; i < 1'000 && !text.contains("konomi_log_up"); ++i) text = scrape(watch);
  EXPECT_THAT(text, HasSubstr("konomi_log_up 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("konomi_stores_up")));
  released.count_down();
}

}  // namespace
}  // namespace konomi::process
