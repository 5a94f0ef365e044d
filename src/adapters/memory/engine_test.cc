#include "adapters/memory/engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace konomi::memory {
namespace {

using namespace std::chrono_literals;

class MemoryEngineTest : public ::testing::Test {
 protected:
  static Order order(const std::string& id) {
    return {.user_id = UserId("u"), .order_id = OrderId(id), .menu_type = MenuType("washoku")};
  }
  std::optional<Result<void>> append(const std::string& id) {
    std::optional<Result<void>> outcome;
    engine.order_log().append({order(id)},
                              [&](Result<void> result) { outcome = std::move(result); });
    return outcome;
  }
  static std::vector<std::string> poll(OrderLogReader& reader) {
    std::vector<std::string> ids;
    const auto records = *reader.poll(100, 0ms, {});
    for (const LogRecord& record : records)
      ids.push_back(std::get<Order>(record.content).order_id.value());
    return ids;
  }
  LogOffset end() { return engine.order_log().ends()->at(LogPartition(0)); }

  ManualClock clock{Timestamp(1s)};
  MemoryEngine engine{clock, {.queue_orders_max = 2}};
  const Fault refused{.error = {.code = ErrorCode::unavailable, .message = "played"}};
  const Fault lost_answer{.error = {.code = ErrorCode::timed_out, .message = "played"},
                          .after_effect = true};
};

using Ids = std::vector<std::string>;

TEST_F(MemoryEngineTest, FailsTheNextCallsBeforeTheirEffect) {
  engine.fail_next("order_log.append", 2, refused);
  for (int i = 0; i < 2; ++i) {
    const auto outcome = append("1");
    ASSERT_TRUE(outcome.has_value());
    ASSERT_FALSE(outcome->has_value());
    EXPECT_EQ(outcome->error().code, ErrorCode::unavailable);
    EXPECT_FALSE(outcome->error().may_have_happened);
  }
  EXPECT_EQ(end(), LogOffset(0));
  EXPECT_TRUE(append("1")->has_value());
  EXPECT_EQ(end(), LogOffset(1));
}

TEST_F(MemoryEngineTest, FailsACallAfterItsEffect) {
  engine.fail_next("order_store.put", 1, lost_answer);
  const StoreBatch batch{.watermarks = {{LogPartition(0), {.next_offset = LogOffset(5)}}}};
  const auto outcome = engine.order_store().put(batch);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_TRUE(outcome.error().may_have_happened);
  EXPECT_EQ(engine.order_store().watermarks()->size(), 1U);
}

TEST_F(MemoryEngineTest, AsksATestAboutEveryCall) {
  Ids calls;
  engine.decide_faults([&](std::string_view call) -> std::optional<Fault> {
    calls.emplace_back(call);
    if (call == "dead_letters.count_waiting") return refused;
    return std::nullopt;
  });
  EXPECT_FALSE(engine.dead_letters().count_waiting().has_value());
  EXPECT_TRUE(engine.summary_store().days_range().has_value());
  EXPECT_EQ(calls, (Ids{"dead_letters.count_waiting", "summary_store.days_range"}));
}

TEST_F(MemoryEngineTest, HoldsCompletionsUntilTold) {
  engine.hold_completions();
  Ids completed;
  for (const char* id : {"1", "2"})
    engine.order_log().append({order(id)}, [&, id](Result<void> result) {
      if (result) completed.emplace_back(id);
    });
  EXPECT_EQ(end(), LogOffset(2)) << "the effect is there";
  const auto overloaded = append("3");
  ASSERT_TRUE(overloaded.has_value());
  EXPECT_EQ(overloaded->error().code, ErrorCode::overloaded);

  engine.release_completions(1);
  EXPECT_EQ(completed, (Ids{"1"}));
  EXPECT_EQ(engine.held_completions(), 1U);
  engine.release_completions();
  EXPECT_EQ(completed, (Ids{"1", "2"}));
  EXPECT_TRUE(append("3").has_value()) << "nothing is held any more";
}

TEST_F(MemoryEngineTest, LosesAnswers) {
  engine.hold_completions();
  std::optional<Result<void>> outcome;
  engine.order_log().append({order("1")},
                            [&](Result<void> result) { outcome = std::move(result); });
  engine.lose_completions();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().code, ErrorCode::timed_out);
  EXPECT_TRUE(outcome->error().may_have_happened);
  EXPECT_EQ(end(), LogOffset(1));
}

TEST_F(MemoryEngineTest, DeliversAgainAfterARewind) {
  const auto reader = *engine.open_reader();
  for (const char* id : {"0", "1", "2"}) append(id);
  EXPECT_EQ(poll(*reader), (Ids{"0", "1", "2"}));
  engine.rewind_readers(LogPartition(0), LogOffset(1));
  EXPECT_EQ(poll(*reader), (Ids{"1", "2"}));
  engine.rewind_readers(LogPartition(0), LogOffset(9));
  EXPECT_EQ(poll(*reader), Ids());
}

TEST_F(MemoryEngineTest, APollWhoseAnswerWasLostDeliversAgain) {
  const auto reader = *engine.open_reader();
  append("0");
  engine.fail_next("order_log_reader.poll", 1, lost_answer);
  EXPECT_FALSE(reader->poll(100, 0ms, {}).has_value());
  EXPECT_EQ(poll(*reader), (Ids{"0"}));
}

TEST_F(MemoryEngineTest, HoldsRecordsThatAreNoOrders) {
  const auto position =
      engine.append_unreadable(LogPartition(0), {.reason = "unreadable"}, {.value = "{"});
  EXPECT_EQ(position.offset, LogOffset(0));
  const auto reader = *engine.open_reader();
  const auto records = *reader->poll(100, 0ms, {});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(std::get<UnreadableRecord>(records[0].content).reason, "unreadable");
  EXPECT_EQ(reader->raw(position)->value, "{");
}

TEST_F(MemoryEngineTest, ATrimmedLogIsCorruptedForReadersBeforeItsBeginning) {
  for (const char* id : {"0", "1", "2"}) append(id);
  const auto reader = *engine.open_reader();
  engine.trim_log(LogPartition(0), LogOffset(2));
  const auto polled = reader->poll(100, 0ms, {});
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, ErrorCode::corrupted);
  EXPECT_EQ(end(), LogOffset(3));
}

TEST_F(MemoryEngineTest, RollsTheStoresBackAndKeepsTheLog) {
  append("0");
  const auto put = [&](std::uint64_t next) {
    ASSERT_TRUE(engine.order_store()
                    .put({.watermarks = {{LogPartition(0), {.next_offset = LogOffset(next)}}}})
                    .has_value());
  };
  put(1);
  engine.checkpoint_stores();
  put(2);
  engine.roll_back_stores();
  EXPECT_EQ(engine.order_store().watermarks()->at(LogPartition(0)).next_offset, LogOffset(1));
  EXPECT_EQ(end(), LogOffset(1));
}

TEST(MemoryEngine, KeepsAUsersOrdersInOnePartition) {
  const ManualClock clock(Timestamp(1s));
  MemoryEngine engine(clock, {.log_partitions = 4});
  for (int i = 0; i < 100; ++i) {
    engine.order_log().append({{.user_id = UserId(std::to_string(i % 10)),
                                .order_id = OrderId(std::to_string(i)),
                                .menu_type = MenuType("washoku")}},
                              [](Result<void>) {});
  }
  const auto reader = *engine.open_reader();
  std::map<UserId, std::set<LogPartition>> partitions;
  const auto records = *reader->poll(1000, 0ms, {});
  EXPECT_EQ(records.size(), 100U);
  for (const LogRecord& record : records)
    partitions[std::get<Order>(record.content).user_id].insert(record.position.partition);
  std::set<LogPartition> all;
  for (const auto& [user, of_user] : partitions) {
    EXPECT_EQ(of_user.size(), 1U);
    all.insert(of_user.begin(), of_user.end());
  }
  EXPECT_GT(all.size(), 1U);
}

TEST(MemoryEngine, CompletesWhatItHoldsWhenItEnds) {
  const ManualClock clock(Timestamp(1s));
  std::optional<Result<void>> outcome;
  {
    MemoryEngine engine(clock);
    engine.hold_completions();
    engine.order_log().append({{.user_id = UserId("u")}},
                              [&](Result<void> result) { outcome = std::move(result); });
  }
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace konomi::memory
