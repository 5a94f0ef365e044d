#include "aggregate/aggregator.h"

#include "aggregate/shop_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace konomi::aggregate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using support::Detail;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::unique_ptr<Aggregator> make_aggregator(Shop& shop, const AggregatorOptions& options = {}) {
  return std::make_unique<Aggregator>(
      AggregatePorts{shop.engine.order_store(), shop.engine.summary_store(),
                     shop.engine.preference_store(), shop.engine.settings_store()},
      shop.calendar, Shop::kBuckets, shop.metrics, shop.clock, options);
}

// The shop's clock stands at noon of May 10, 2025, and late orders are allowed for an hour.
class AggregatorTest : public testing::Test {
 protected:
  void start_again() { aggregator_ = make_aggregator(shop_, options_); }
  void SetUp() override { start_again(); }

  bool tick() { return aggregator_->tick({}).value(); }
  PassReport count_dirty() { return aggregator_->count_dirty({}).value(); }
  DaySummary day(int day) { return shop_.engine.summary_store().day(may(day)).value().value(); }
  void stand_at(Timestamp instant) {
    shop_.clock.set(instant);
    shop_.read_log_to_end();
  }

  Shop shop_;
  AggregatorOptions options_;
  std::unique_ptr<Aggregator> aggregator_;
};

TEST_F(AggregatorTest, HasNothingToDoWithoutOrders) {
  EXPECT_FALSE(tick());
  shop_.clock.advance(hours(1));
  EXPECT_FALSE(tick());
}

TEST_F(AggregatorTest, CountsWhenOrdersHaveSettled) {
  shop_.place({.day = 10, .user = "u1", .id = "o1", .type = "washoku"});
  EXPECT_FALSE(tick());
  shop_.clock.advance(milliseconds(900));
  shop_.place({.day = 10, .user = "u1", .id = "o2", .type = "washoku"});
  EXPECT_FALSE(tick());
  shop_.clock.advance(milliseconds(900));
  EXPECT_FALSE(tick()) << "0.9 s after the last order";
  shop_.clock.advance(milliseconds(100));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(10).figures.orders, 2U);
  EXPECT_FALSE(tick());
}

TEST_F(AggregatorTest, CountsUnderSteadyLoadAfterAWhile) {
  int passes = 0;
  for (int i = 0; i < 100; ++i) {
    shop_.place({.day = 10, .user = "u1", .id = std::to_string(i), .type = "washoku"});
    if (tick()) ++passes;
    shop_.clock.advance(milliseconds(100));
  }
  EXPECT_EQ(passes, 1) << "10 s of orders, a pass every 5 s from the first order on";
}

TEST_F(AggregatorTest, TakesNoMoreThanAQuarterOfTheTimeUnderSteadyLoad) {
  shop_.engine.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call == "summary_store.put_day") shop_.clock.advance(seconds(10));
    return std::nullopt;
  });
  shop_.place({.day = 10, .user = "u1", .id = "first", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(aggregator_->status().last_duration, seconds(10));
  int waited = 0;
  do {
    shop_.place({.day = 10, .user = "u1", .id = std::to_string(++waited), .type = "washoku"});
    shop_.clock.advance(milliseconds(100));
  } while (!tick());
  EXPECT_GE(waited, 300) << "three times 10 s, at 0.1 s an order";
}

TEST_F(AggregatorTest, LooksAtNothingButWatermarksAndRulesWhileIdle) {
  shop_.place({.day = 10, .user = "u1", .id = "o1", .type = "washoku"});
  count_dirty();
  shop_.count_calls();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(tick());
  EXPECT_THAT(shop_.calls, ElementsAre(testing::Pair("order_store.watermarks", 10),
                                       testing::Pair("settings_store.counting_rules", 10),
                                       testing::Pair("settings_store.expiry", 10)));
}

TEST_F(AggregatorTest, ProgressMovesAlsoWhenNothingIsDirty) {
  shop_.place({.day = 10, .user = "u1", .id = "o1", .type = "washoku"});
  count_dirty();
  shop_.pass_record();
  EXPECT_FALSE(tick());
  shop_.clock.advance(seconds(1));
  EXPECT_TRUE(tick());
  const auto progress =
      shop_.engine.summary_store().progress(all_buckets(Shop::kBuckets)).value().value();
  EXPECT_EQ(progress.next_offsets,
            (std::map<LogPartition, LogOffset>{{LogPartition(0), LogOffset(2)}}));
  EXPECT_EQ(progress.finished_at, shop_.clock.now());
}

TEST_F(AggregatorTest, CountsOnlyWhatIsDirty) {
  for (int user = 0; user < 20; ++user) {
    for (const int day : {8, 9, 10})
      shop_.place({.day = day, .user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  }
  EXPECT_EQ(count_dirty().buckets_counted, 3U * Shop::kBuckets.value());
  shop_.place({.day = 9, .user = "u1", .id = "late", .type = "washoku"});
  const auto report = count_dirty();
  EXPECT_EQ(report.buckets_counted, 1U);
  EXPECT_EQ(report.days_rolled_up, 2U) << "that day, and the later one of its users";
}

TEST_F(AggregatorTest, RollsUpAllBuckets) {
  for (int user = 0; user < 20; ++user)
    shop_.place({.day = 9, .user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  count_dirty();
  const DaySummary summary = day(9);
  EXPECT_EQ(summary.figures.orders, 20U);
  EXPECT_EQ(summary.figures.users, 20U);
  EXPECT_EQ(summary.moves, (Moves{{{Standing(), Standing::prefers(MenuType("washoku"))}, 20}}));
  EXPECT_EQ(summary.counted_up_to, (Marks{{LogPartition(0), LogOffset(19)}}));
  EXPECT_EQ(summary.computed_at, shop_.clock.now());
}

TEST_F(AggregatorTest, ADayIsOpenThenPreliminaryThenFinal) {
  shop_.place({.day = 10, .user = "u1", .id = "o1", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(day(10).state, DayState::open);
  stand_at(shop_.at(11, 0));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(10).state, DayState::preliminary);
  EXPECT_FALSE(tick());
  shop_.clock.set(shop_.at(11, 2));
  EXPECT_FALSE(tick()) << "the log is not stored that far";
  EXPECT_THAT(shop_.metrics.exposition(), HasSubstr("konomi_aggregate_final_late_seconds 3600"));
  EXPECT_EQ(day(10).state, DayState::preliminary);
  stand_at(shop_.at(11, 1));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(10).state, DayState::final);
  EXPECT_EQ(day(10).revision, 0U);
  EXPECT_FALSE(tick());
  EXPECT_THAT(shop_.metrics.exposition(), HasSubstr("konomi_aggregate_final_late_seconds 0"));
}

TEST_F(AggregatorTest, KnowsTheDaysThatAreNotFinalAfterARestart) {
  shop_.place({.day = 10, .user = "u1", .id = "o1", .type = "washoku"});
  count_dirty();
  start_again();
  EXPECT_FALSE(tick());
  stand_at(shop_.at(11, 1));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(10).state, DayState::final);
}

TEST_F(AggregatorTest, ADayIsCountedAnewInEveryBucketBeforeItBecomesFinal) {
  for (int user = 0; user < 20; ++user)
    shop_.place({.day = 10, .user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  count_dirty();
  shop_.count_calls();
  stand_at(shop_.at(11, 1));
  EXPECT_TRUE(tick());
  EXPECT_EQ(shop_.calls["order_store.scan"], static_cast<int>(Shop::kBuckets.value()));
  EXPECT_EQ(day(10).state, DayState::final);
  shop_.count_calls();
  shop_.clock.advance(hours(24));
  EXPECT_FALSE(tick());
  EXPECT_EQ(shop_.calls["order_store.scan"], 0) << "once";
}

TEST_F(AggregatorTest, AnOldDayIsFinalWhenItIsFirstCounted) {
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(day(1).state, DayState::final);
}

TEST_F(AggregatorTest, ALateOrderRevisesAFinalDayOnceForEachRealChange) {
  for (int user = 0; user < 20; ++user)
    shop_.place({.day = 1, .user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  count_dirty();
  for (int user = 0; user < 20; ++user)
    shop_.place({.day = 1, .user = "u" + std::to_string(user), .id = "late", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(day(1).state, DayState::revised);
  EXPECT_EQ(day(1).revision, 1U) << "all buckets changed, the day once";
  ASSERT_TRUE(aggregator_->count_day(may(1), {}));
  EXPECT_EQ(day(1).revision, 1U) << "counted again, and nothing changed";
  shop_.place({.day = 1, .user = "u1", .id = "late", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(day(1).revision, 1U) << "the same order again";
  shop_.cancel({.day = 1, .user = "u1", .id = "late"});
  count_dirty();
  EXPECT_EQ(day(1).revision, 2U);
}

TEST_F(AggregatorTest, ALateOrderChangesTheMovesOfLaterDays) {
  shop_.place({.day = 1, .user = "u1", .id = "1", .type = "washoku"});
  shop_.place({.day = 3, .user = "u1", .id = "2", .type = "yoshoku"});
  shop_.place({.day = 3, .user = "u2", .id = "3", .type = "yoshoku"});
  count_dirty();
  EXPECT_THAT(shop_.lines("day 2025-05-03 moved"),
              ElementsAre("day 2025-05-03 moved - > yoshoku: 1",
                          "day 2025-05-03 moved washoku > yoshoku: 1"));
  const Timestamp counted_at = day(3).computed_at;
  shop_.clock.advance(minutes(1));
  shop_.place({.day = 1, .user = "u1", .id = "late", .type = "washoku"});
  count_dirty();
  EXPECT_THAT(shop_.lines("day 2025-05-03 moved"),
              ElementsAre("day 2025-05-03 moved - > yoshoku: 1"));
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  EXPECT_EQ(day(3).computed_at, counted_at + minutes(1));
  EXPECT_EQ(day(3).revision, 0U) << "its orders are the same";

  shop_.clock.advance(minutes(1));
  shop_.place({.day = 1, .user = "u1", .id = "later", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(day(3).computed_at, counted_at + minutes(1)) << "nothing about it changed";
}

TEST_F(AggregatorTest, LeavesUsersOfTheOpenDayToItsEndIfAsked) {
  options_.preferences = Preferences::nightly;
  start_again();
  shop_.place({.day = 9, .user = "u1", .id = "1", .type = "washoku"});
  shop_.place({.day = 10, .user = "u1", .id = "2", .type = "yoshoku"});
  shop_.place({.day = 10, .user = "u1", .id = "3", .type = "yoshoku"});
  count_dirty();
  EXPECT_EQ(day(10).figures.orders, 2U);
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  EXPECT_THAT(shop_.segment_users("yoshoku"), IsEmpty());
  start_again();
  shop_.clock.set(shop_.at(11, 0));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(10).state, DayState::preliminary);
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
  EXPECT_THAT(shop_.segment_users("yoshoku"), ElementsAre("u1"));
  EXPECT_THAT(shop_.lines("day 2025-05-10 moved"),
              ElementsAre("day 2025-05-10 moved washoku > yoshoku: 1"));
}

TEST_F(AggregatorTest, JudgesWhoWasCountedInAPassThatFailedBeforeTheDayEnded) {
  options_.preferences = Preferences::nightly;
  start_again();
  shop_.place({.day = 10, .user = "u1", .id = "1", .type = "washoku"});
  shop_.engine.fail_next("summary_store.put_day", 1,
                         {.error = {.code = ErrorCode::unavailable, .message = "as wanted"}});
  EXPECT_FALSE(aggregator_->count_dirty({}));
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
  shop_.clock.set(shop_.at(11, 0));
  EXPECT_TRUE(tick());
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
}

TEST_F(AggregatorTest, ASlowPartitionKeepsADayFromBeingFinal) {
  StoreBatch other;
  other.watermarks[LogPartition(7)] = {LogOffset(3), shop_.at(10, 12)};
  ASSERT_TRUE(shop_.engine.order_store().put(other));
  shop_.place({.day = 10, .user = "u1", .id = "o1", .type = "washoku"});
  count_dirty();
  stand_at(shop_.at(11, 5));
  count_dirty();
  EXPECT_EQ(day(10).state, DayState::preliminary);
  other.watermarks[LogPartition(7)] = {LogOffset(3), shop_.at(11, 1)};
  ASSERT_TRUE(shop_.engine.order_store().put(other));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(10).state, DayState::final);
}

TEST_F(AggregatorTest, CountsADayOnDemandWholeOrInShards) {
  for (int user = 0; user < 20; ++user)
    shop_.place({.day = 9, .user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  const auto first = make_aggregator(shop_, {.shard = {.index = 0, .count = 2}});
  const auto second = make_aggregator(shop_, {.shard = {.index = 1, .count = 2}});
  EXPECT_EQ(first->count_day(may(9), {}).value().buckets_counted, Shop::kBuckets.value() / 2);
  EXPECT_LT(day(9).figures.orders, 20U);
  ASSERT_TRUE(second->count_day(may(9), {}));
  EXPECT_EQ(day(9).figures.orders, 20U);
  const auto sharded = shop_.figures(Detail::answers);
  EXPECT_EQ(aggregator_->count_day(may(9), {}).value().buckets_counted, Shop::kBuckets.value());
  EXPECT_EQ(shop_.figures(Detail::answers), sharded);
  EXPECT_EQ(aggregator_->count_day(may(2), {}).value().buckets_counted, 0U);
  EXPECT_FALSE(shop_.engine.summary_store().day(may(2)).value()) << "a day nobody ordered on";
}

TEST_F(AggregatorTest, ShardsTogetherKeepUpLikeOneCounter) {
  const auto first = make_aggregator(shop_, {.shard = {.index = 0, .count = 2}});
  const auto second = make_aggregator(shop_, {.shard = {.index = 1, .count = 2}});
  const auto progress = [&] {
    return shop_.engine.summary_store().progress(all_buckets(Shop::kBuckets)).value();
  };
  for (int user = 0; user < 20; ++user)
    shop_.place({.day = 9, .user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  ASSERT_TRUE(first->count_dirty({}));
  EXPECT_FALSE(progress()) << "half of the buckets were never counted";
  ASSERT_TRUE(second->count_dirty({}));
  EXPECT_EQ(progress().value().next_offsets.at(LogPartition(0)), LogOffset(20));
  EXPECT_EQ(day(9).figures.orders, 20U);
  EXPECT_EQ(first->count_dirty({}).value().buckets_counted, 0U);
  EXPECT_EQ(count_dirty().buckets_counted, 0U) << "nor has one counter of all anything to do";
}

TEST_F(AggregatorTest, ADayIsNotFinalWhileAPartitionHasNeverBeenRead) {
  options_.log_partitions = 2;
  start_again();
  shop_.place({.day = 9, .user = "u1", .id = "o", .type = "washoku"});
  stand_at(shop_.at(11, 5));
  count_dirty();
  EXPECT_EQ(day(9).state, DayState::preliminary);
  StoreBatch other;
  other.watermarks[LogPartition(1)] = {LogOffset(0), shop_.at(11, 4)};
  ASSERT_TRUE(shop_.engine.order_store().put(other));
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(9).state, DayState::final);
}

void place_history(Shop& shop, int days, int users) {
  for (int day = 1; day <= days; ++day) {
    for (int user = 0; user < users; ++user) {
      shop.place({.day = day,
                  .user = "u" + std::to_string(user),
                  .id = std::to_string(day),
                  .type = (user + day) % 3 == 0 ? "washoku" : "yoshoku",
                  .hour = user % 24});
    }
  }
}

TEST_F(AggregatorTest, ManyThreadsCountTheSame) {
  place_history(shop_, 6, 30);
  count_dirty();
  Shop other;
  place_history(other, 6, 30);
  AggregatorOptions options{.counting = {.users_per_chunk = 2}, .threads = 4};
  ASSERT_TRUE(make_aggregator(other, options)->count_dirty({}));
  EXPECT_EQ(
      support::difference(shop_.figures(Detail::everything), other.figures(Detail::everything)),
      "");
}

TEST_F(AggregatorTest, AFailureOnOneThreadFailsThePassAndTheNextOneMendsIt) {
  options_.threads = 4;
  start_again();
  place_history(shop_, 6, 30);
  shop_.fail_call(150, true);
  EXPECT_FALSE(aggregator_->tick({}).value()) << "not settled yet";
  shop_.clock.advance(seconds(1));
  EXPECT_FALSE(aggregator_->tick({}));
  EXPECT_EQ(aggregator_->status().last_error->code, ErrorCode::timed_out);
  EXPECT_FALSE(shop_.engine.summary_store().progress(all_buckets(Shop::kBuckets)).value());
  EXPECT_TRUE(tick()) << "at once";
  EXPECT_FALSE(aggregator_->status().last_error);
  Shop other;
  other.clock.set(shop_.clock.now());
  place_history(other, 6, 30);
  ASSERT_TRUE(make_aggregator(other)->count_dirty({}));
  EXPECT_EQ(
      support::difference(other.figures(Detail::everything), shop_.figures(Detail::everything)),
      "");
}

// For n = 1, 2, … the n-th call of a port within a pass fails, before or after its effect. Then the
// same aggregator goes on, or a new one does, as after a crash; what is stored at the end is what
// an undisturbed pass stores, revisions and moves of later days included.
TEST_F(AggregatorTest, APassThatIsCutShortAnywhereIsMadeWhole) {
  const auto prepare = [](Shop& shop) {
    const auto aggregator = make_aggregator(shop);
    place_history(shop, 4, 8);
    ASSERT_TRUE(aggregator->count_dirty({}));
    shop.place({.day = 1, .user = "u1", .id = "1", .type = "chuka"});
    shop.place({.day = 1, .user = "u2", .id = "late", .type = "washoku"});
    shop.place({.day = 2, .user = "u2", .id = "late", .type = "washoku"});
    shop.cancel({.day = 2, .user = "u3", .id = "2"});
    shop.place({.day = 10, .user = "new", .id = "1", .type = "chuka"});
  };
  prepare(shop_);
  count_dirty();
  const auto expected = shop_.figures(Detail::everything);
  EXPECT_THAT(expected, Contains(HasSubstr("day 2025-05-02 revised revision=1")));

  for (const bool after_effect : {false, true}) {
    for (const bool crash : {false, true}) {
      bool undisturbed = false;
      for (int n = 1; !undisturbed; ++n) {
        ASSERT_LT(n, 10'000);
        Shop shop;
        prepare(shop);
        auto aggregator = make_aggregator(shop);
        shop.fail_call(n, after_effect);
        undisturbed = aggregator->count_dirty({}).has_value();
        shop.heal();
        if (!undisturbed && crash) aggregator = make_aggregator(shop);
        ASSERT_TRUE(undisturbed || aggregator->count_dirty({}));
        ASSERT_EQ(support::difference(expected, shop.figures(Detail::everything)), "")
            << "call " << n << (after_effect ? ", after" : ", before") << " its effect"
            << (crash ? ", then a new aggregator" : "");
        EXPECT_TRUE(!undisturbed || n > 100) << "too few calls for this test to mean anything";
      }
    }
  }
}

TEST_F(AggregatorTest, TellsHowItStands) {
  shop_.place({.day = 9, .user = "u1", .id = "o1", .type = "washoku"});
  shop_.fail_call(5, false);
  EXPECT_FALSE(aggregator_->count_dirty({}));
  shop_.heal();
  count_dirty();
  const AggregatorStatus status = aggregator_->status();
  EXPECT_EQ(status.last_success, shop_.clock.now());
  EXPECT_EQ(status.dirty_days, 0U);
  EXPECT_THAT(shop_.metrics.exposition(), HasSubstr("konomi_aggregate_passes_total 1"));
  EXPECT_THAT(shop_.metrics.exposition(), HasSubstr("konomi_aggregate_dirty_days 0"));
  EXPECT_THAT(shop_.metrics.exposition(), HasSubstr("konomi_aggregate_duration_seconds_count 1"));
}

TEST_F(AggregatorTest, RunsUntilItIsStopped) {
  options_.tick_every = milliseconds(1);
  options_.settle = milliseconds(0);
  start_again();
  shop_.place({.day = 9, .user = "u1", .id = "o1", .type = "washoku"});
  std::jthread thread([&](std::stop_token stop) { aggregator_->run(stop); });
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  while (!aggregator_->status().last_success) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  thread.request_stop();
  thread.join();
  EXPECT_EQ(day(9).figures.orders, 1U);
}

// --- Generations ---------------------------------------------------------------------------------

class GenerationTest : public AggregatorTest {
 protected:
  void put_rules(const CountingRules& rules) {
    ASSERT_TRUE(shop_.engine.settings_store().put_counting_rules(rules));
  }
  // As a repair has a bucket's day counted again.
  void withdraw(int day, const std::string& user, Generation generation) {
    BucketSummary summary = part(day, user).summary.value();
    summary.counted_up_to.clear();
    summary.version = VersionSum().under(generation);
    ASSERT_TRUE(shop_.engine.summary_store().put_bucket_summary(
        may(day), bucket_of(UserId(user), Shop::kBuckets), summary));
  }
  DayPart part(int day, const std::string& user) {
    const Bucket bucket = bucket_of(UserId(user), Shop::kBuckets);
    return shop_.engine.summary_store().day_parts(may(day), {&bucket, 1}).value().front();
  }
  void damage_day(int day) {
    DaySummary damaged = this->day(day);
    damaged.figures.orders += 5;
    ASSERT_TRUE(shop_.engine.summary_store().put_day(damaged));
  }
};

TEST_F(GenerationTest, OtherRulesHaveEverythingCountedAgain) {
  shop_.place({.day = 8, .user = "u1", .id = "o1", .type = "washoku"});
  shop_.place({.day = 9, .user = "u1", .id = "o2", .type = "washoku"});
  shop_.place({.day = 9, .user = "u2", .id = "o3", .type = "washoku"});
  count_dirty();
  EXPECT_EQ(shop_.segment_users("washoku").size(), 2U);
  EXPECT_FALSE(tick());
  put_rules(raised(CountingRules(), {.min_orders = 2}).value());
  EXPECT_TRUE(tick());
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  EXPECT_EQ(generation_of(day(8).version), Generation(1));
  EXPECT_FALSE(tick());
  start_again();
  EXPECT_FALSE(tick()) << "the progress says under which generation it was";
}

TEST_F(GenerationTest, ARepairHasOnlyItsOwnBucketsCountedAgain) {
  for (const int day : {8, 9})
    shop_.place({.day = day, .user = "u1", .id = "o", .type = "washoku"});
  count_dirty();
  damage_day(9);
  withdraw(9, "u1", Generation(1));
  put_rules(raised(CountingRules()).value());
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(9).figures.orders, 1U);
  EXPECT_EQ(generation_of(part(9, "u1").summary->version), Generation(1));
  EXPECT_EQ(generation_of(part(8, "u1").summary->version), Generation(0));
}

TEST_F(GenerationTest, ARepairThatDiedBeforeItsDaysWereSummedUpIsMadeWhole) {
  shop_.place({.day = 9, .user = "u1", .id = "o", .type = "washoku"});
  count_dirty();
  damage_day(9);
  withdraw(9, "u1", Generation(1));
  put_rules(raised(CountingRules()).value());
  shop_.engine.fail_next("summary_store.put_day", 1,
                         {.error = {.code = ErrorCode::unavailable, .message = "killed"}});
  EXPECT_FALSE(aggregator_->tick({}));
  start_again();
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(9).figures.orders, 1U);
}

TEST_F(GenerationTest, APassThatWasOvertakenByAHigherGenerationCountsAgain) {
  shop_.place({.day = 9, .user = "u1", .id = "o", .type = "washoku"});
  bool raised_once = false;
  shop_.engine.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call == "summary_store.put_day" && !std::exchange(raised_once, true))
      put_rules(raised(CountingRules()).value());
    return std::nullopt;
  });
  count_dirty();
  EXPECT_EQ(generation_of(day(9).version), Generation(1));
  EXPECT_EQ(generation_of(part(9, "u1").summary->version), Generation(1));
  const auto progress =
      shop_.engine.summary_store().progress(all_buckets(Shop::kBuckets)).value().value();
  EXPECT_EQ(progress.generation, Generation(1));
}

TEST_F(GenerationTest, CountingAgainUnderAHigherGenerationRevisesNoFinalDay) {
  shop_.place({.day = 8, .user = "u1", .id = "o1", .type = "washoku"});
  stand_at(shop_.at(10, 12));
  count_dirty();
  ASSERT_EQ(day(8).state, DayState::final);
  put_rules(raised(CountingRules(), {.min_orders = 2}).value());
  EXPECT_TRUE(tick());
  EXPECT_EQ(day(8).state, DayState::final);
  EXPECT_EQ(day(8).revision, 0U);
}

}  // namespace
}  // namespace konomi::aggregate
