#include "aggregate/retention.h"

#include "aggregate/shop_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::aggregate {
namespace {

using std::chrono::days;
using support::Detail;
using testing::ElementsAre;
using testing::IsEmpty;

// Two guests on three days that are long final on the 10th of May, whose noon it is.
class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() {
    place_orders(shop_);
    shop_.read_log_to_end();
    shop_.count();
  }

  static void place_orders(Shop& shop) {
    shop.place({.day = 1, .user = "anna", .id = "1", .type = "washoku"});
    shop.place({.day = 1, .user = "ben", .id = "1", .type = "washoku"});
    shop.place({.day = 2, .user = "anna", .id = "2", .type = "yoshoku"});
    shop.place({.day = 8, .user = "anna", .id = "3", .type = "yoshoku"});
  }

  AggregatorOptions keeping(int days_kept) const {
    AggregatorOptions options;
    options.orders_kept_for = days(days_kept);
    return options;
  }
  // A pass announces, and a later one, when the log was stored further, has the orders leave.
  void expire(int days_kept = 5) {
    shop_.count(keeping(days_kept));
    shop_.clock.advance(std::chrono::minutes(1));
    shop_.read_log_to_end();
    shop_.count(keeping(days_kept));
  }
  std::size_t orders_on(int day) {
    std::size_t orders = 0;
    for (const Bucket bucket : all_buckets(Shop::kBuckets)) {
      const auto cursor = shop_.engine.order_store().scan(may(day), bucket).value();
      std::vector<StoredOrder> rows;
      EXPECT_TRUE(cursor->next(rows, 100));
      orders += rows.size();
    }
    return orders;
  }
  std::vector<std::string> answers() { return answers_of(shop_); }
  static std::vector<std::string> answers_of(Shop& shop) {
    return shop.figures(Detail::answers, {UserId("anna"), UserId("ben")});
  }
  std::vector<std::vector<UserDayCounts>> counts() {
    const std::vector<UserId> users = {UserId("anna"), UserId("ben")};
    return shop_.engine.preference_store().counts_of(users).value();
  }
  std::vector<std::optional<Preference>> preferences() {
    const std::vector<UserId> users = {UserId("anna"), UserId("ben")};
    return shop_.engine.preference_store().preferences_of(users).value();
  }

  Shop shop_;
};

TEST_F(ExpiryTest, RawOrdersLeaveAndEveryFigureStays) {
  const auto before = answers();
  const auto counts_before = counts();
  const auto preferences_before = preferences();
  expire();
  EXPECT_EQ(counts(), counts_before);
  EXPECT_EQ(preferences(), preferences_before);
  EXPECT_EQ(orders_on(1), 0U);
  EXPECT_EQ(orders_on(2), 0U);
  EXPECT_EQ(orders_on(8), 1U);
  EXPECT_EQ(answers(), before);
}

TEST_F(ExpiryTest, NothingLeavesBeforeTheLogIsStoredUpToTheAnnouncement) {
  shop_.count(keeping(5));
  shop_.count(keeping(5));
  EXPECT_EQ(orders_on(1), 2U);
  EXPECT_TRUE(shop_.engine.settings_store().expiry().value());
}

// Else an order that was logged under the first one, and is read under the second, would be stored
// on a day whose orders have left, and never counted.
TEST_F(ExpiryTest, ANewExpiryWaitsUntilTheLogIsStoredUpToTheLastOne) {
  shop_.count(keeping(5));
  const auto first = shop_.engine.settings_store().expiry().value();
  ASSERT_TRUE(first);
  shop_.clock.advance(days(1));
  shop_.count(keeping(5));
  EXPECT_EQ(shop_.engine.settings_store().expiry().value(), first);
  shop_.read_log_to_end();
  shop_.count(keeping(5));
  const auto second = shop_.engine.settings_store().expiry().value();
  EXPECT_EQ(second->before, first->before + days(1));
  EXPECT_EQ(second->announced_at, shop_.clock.now());
  EXPECT_EQ(second->earlier_before, first->before);
  EXPECT_EQ(second->earlier_announced_at, first->announced_at);
}

TEST_F(ExpiryTest, NothingLeavesWithoutTheSetting) {
  expire(0);
  EXPECT_EQ(orders_on(1), 2U);
  EXPECT_FALSE(shop_.engine.settings_store().expiry().value());
}

TEST_F(ExpiryTest, AnExpiredDayIsNotCountedAgainFromNothing) {
  expire();
  const auto before = answers();
  // As a command, and as a repair or a raised generation does.
  Aggregator aggregator({shop_.engine.order_store(), shop_.engine.summary_store(),
                         shop_.engine.preference_store(), shop_.engine.settings_store()},
                        shop_.calendar, Shop::kBuckets, shop_.metrics, shop_.clock);
  ASSERT_TRUE(aggregator.count_day(may(1), {}));
  CountingRules rules{.generation = Generation(1), .counted_since = Generation(1)};
  ASSERT_TRUE(shop_.engine.settings_store().put_counting_rules(rules));
  shop_.count();
  EXPECT_EQ(answers(), before);
}

TEST_F(ExpiryTest, WhoOrderedOnExpiredDaysOnlyIsJudgedByNewRules) {
  const CountingRules rules{
      .generation = Generation(1), .counted_since = Generation(1), .preference = {.min_orders = 2}};
  expire();
  ASSERT_TRUE(shop_.engine.settings_store().put_counting_rules(rules));
  shop_.count();
  Shop other;
  ASSERT_TRUE(other.engine.settings_store().put_counting_rules(rules));
  place_orders(other);
  other.count();
  EXPECT_TRUE(preferences()[1]->undecided);
  EXPECT_EQ(answers(), answers_of(other));
}

TEST_F(ExpiryTest, WhoOrdersAgainIsStillJudgedByTheExpiredDays) {
  expire();
  shop_.place({.day = 10, .user = "ben", .id = "9", .type = "yoshoku", .hour = 9});
  shop_.place({.day = 10, .user = "anna", .id = "9", .type = "washoku", .hour = 9});
  shop_.count();
  Shop other;
  place_orders(other);
  other.place({.day = 10, .user = "ben", .id = "9", .type = "yoshoku", .hour = 9});
  other.place({.day = 10, .user = "anna", .id = "9", .type = "washoku", .hour = 9});
  other.count();
  EXPECT_EQ(answers(), answers_of(other));
}

TEST_F(ExpiryTest, AnErasedUserGoesAndTheExpiredDaysFiguresStay) {
  expire();
  const auto day = shop_.lines("day 2025-05-01 orders=");
  shop_.erase("anna");
  shop_.count();
  for (const std::string& line : answers()) EXPECT_EQ(line.find("anna"), std::string::npos) << line;
  ASSERT_EQ(day.size(), 1U);
  EXPECT_EQ(shop_.lines("day 2025-05-01 orders="), day);
  EXPECT_THAT(counts().front(), IsEmpty());
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("ben"));
}

TEST_F(ExpiryTest, ACrashAtAnyCallLosesNoFigure) {
  const auto before = answers();
  shop_.count(keeping(5));
  shop_.clock.advance(std::chrono::minutes(1));
  shop_.read_log_to_end();
  for (int call = 1; call < 200; ++call) {
    for (const bool after_effect : {false, true}) {
      shop_.fail_call(call, after_effect);
      Aggregator aggregator({shop_.engine.order_store(), shop_.engine.summary_store(),
                             shop_.engine.preference_store(), shop_.engine.settings_store()},
                            shop_.calendar, Shop::kBuckets, shop_.metrics, shop_.clock, keeping(5));
      (void)aggregator.count_dirty({});
      shop_.heal();
      ASSERT_EQ(answers(), before) << "call " << call;
    }
  }
  shop_.count(keeping(5));
  EXPECT_EQ(orders_on(1) + orders_on(2), 0U);
  EXPECT_EQ(answers(), before);
}

class RetentionTest : public testing::Test {
 protected:
  void put_letter(std::uint64_t offset, Timestamp failed_at) {
    DeadLetter letter;
    letter.position = {LogPartition(0), LogOffset(offset)};
    letter.failed_at = failed_at;
    letter.reason = "unreadable";
    ASSERT_TRUE(engine_.dead_letters().put({letter}));
  }

  ManualClock clock_{parse_rfc3339("2025-05-10T12:00:00+09:00").value()};
  memory::MemoryEngine engine_{clock_};
  Metrics metrics_;
  std::vector<Timestamp> trims_;
  Retention::TrimLog trim_ = [this](Timestamp before) -> Result<std::uint64_t> {
    trims_.push_back(before);
    return std::uint64_t{3};
  };
};

TEST_F(RetentionTest, OldLettersLeaveAndTheLogIsTrimmed) {
  put_letter(1, clock_.now() - days(31));
  put_letter(2, clock_.now() - days(29));
  Retention retention(engine_.dead_letters(), trim_, metrics_, clock_,
                      {.dead_letters = days(30), .log = days(7)});
  retention.tick();
  EXPECT_EQ(engine_.dead_letters().count_waiting().value(), 1U);
  EXPECT_THAT(trims_, ElementsAre(clock_.now() - days(7)));
  retention.tick();
  EXPECT_EQ(trims_.size(), 1U) << "it has just looked";
  clock_.advance(days(2));
  retention.tick();
  EXPECT_EQ(engine_.dead_letters().count_waiting().value(), 0U);
  EXPECT_EQ(trims_.size(), 2U);
}

TEST_F(RetentionTest, WithoutASettingNothingLeaves) {
  put_letter(1, clock_.now() - days(4'000));
  Retention retention(engine_.dead_letters(), trim_, metrics_, clock_, {});
  retention.tick();
  EXPECT_EQ(engine_.dead_letters().count_waiting().value(), 1U);
  EXPECT_THAT(trims_, IsEmpty());
}

}  // namespace
}  // namespace konomi::aggregate
