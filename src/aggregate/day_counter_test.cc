#include "aggregate/day_counter.h"

#include "aggregate/shop_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::aggregate {
namespace {

using support::Detail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DayCounterTest : public testing::Test {
 protected:
  DayCounter counter() {
    return {shop_.engine.order_store(),
            shop_.engine.summary_store(),
            shop_.engine.preference_store(),
            shop_.calendar,
            heartbeat_,
            options_};
  }

  Result<BucketCounted> count(int day, const std::string& user,
                              std::optional<BusinessDay> judged_before = std::nullopt) {
    const Bucket bucket = bucket_of(UserId(user), Shop::kBuckets);
    const auto marks = shop_.engine.order_store().marks(bucket);
    if (!marks) return std::unexpected(marks.error());
    const auto found = marks->find(may(day));
    return counter().count(may(day), bucket, found == marks->end() ? Marks() : found->second,
                           {.rules = rules_, .judged_before = judged_before}, {});
  }
  void count_all(int first, int last) {
    for (int day = first; day <= last; ++day) {
      for (std::uint32_t i = 0; i < Shop::kBuckets.value(); ++i) {
        const auto marks = shop_.engine.order_store().marks(Bucket(i)).value();
        if (!marks.contains(may(day))) continue;
        ASSERT_TRUE(
            counter().count(may(day), Bucket(i), marks.at(may(day)), {.rules = rules_}, {}));
      }
    }
  }
  BucketSummary summary(int day, const std::string& user) {
    return part(day, user).summary.value();
  }
  Moves moves(int day, const std::string& user) { return part(day, user).moves.moves; }
  DayPart part(int day, const std::string& user) {
    const Bucket bucket = bucket_of(UserId(user), Shop::kBuckets);
    return shop_.engine.summary_store().day_parts(may(day), {&bucket, 1}).value().front();
  }
  Standing prefers(const char* type) { return Standing::prefers(MenuType(type)); }

  Shop shop_;
  DayCounterOptions options_;
  Heartbeat heartbeat_;
  CountingRules rules_;
};

TEST_F(DayCounterTest, CountsOrdersByTypeAndHour) {
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku", .hour = 12});
  shop_.place({.day = 1, .user = "u1", .id = "o2", .type = "washoku", .hour = 19});
  shop_.place({.day = 1, .user = "u1", .id = "o3", .type = "yoshoku", .hour = 19});
  shop_.place({.day = 2, .user = "u1", .id = "o4", .type = "washoku"});
  const auto counted = count(1, "u1").value();
  EXPECT_EQ(counted.orders, 3U);
  EXPECT_EQ(counted.users, 1U);
  const BucketSummary stored = summary(1, "u1");
  EXPECT_EQ(stored.figures.orders, 3U);
  EXPECT_EQ(stored.figures.users, 1U);
  EXPECT_EQ(stored.figures.types.at(MenuType("washoku")).orders, 2U);
  EXPECT_EQ(stored.figures.types.at(MenuType("washoku")).by_hour[12], 1U);
  EXPECT_EQ(stored.figures.types.at(MenuType("washoku")).by_hour[19], 1U);
  EXPECT_EQ(stored.figures.types.at(MenuType("yoshoku")).by_hour[19], 1U);
  EXPECT_EQ(stored.counted_up_to, (Marks{{LogPartition(0), LogOffset(2)}}));
  EXPECT_EQ(stored.version, Version(1 + 2 + 3 + 2)) << "the orders' and the mark";
}

TEST_F(DayCounterTest, ACancelledOrderIsNotCounted) {
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  ASSERT_TRUE(count(1, "u1"));
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  shop_.cancel({.day = 1, .user = "u1", .id = "o1"});
  ASSERT_TRUE(count(1, "u1"));
  EXPECT_EQ(summary(1, "u1").figures, DayFigures());
  EXPECT_EQ(summary(1, "u1").version, Version(2 + 1));
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
  EXPECT_THAT(shop_.lines("user"), IsEmpty());
  EXPECT_THAT(shop_.lines("change"), IsEmpty());
  EXPECT_EQ(moves(1, "u1"), Moves());
}

// The letter of the log's first record, replayed: an engine that compares versions must take what
// is counted then.
TEST_F(DayCounterTest, TheFirstOrderOfTheLogRaisesVersionsAlsoWhenItComesLate) {
  const auto counts_version = [&] {
    const UserId user("u1");
    return shop_.engine.preference_store().counts_of({&user, 1}).value().at(0).at(0).version;
  };
  shop_.pass_record();
  shop_.place({.day = 1, .user = "u1", .id = "o2", .type = "washoku"});
  ASSERT_TRUE(count(1, "u1"));
  const Version before = counts_version();
  const Bucket bucket = bucket_of(UserId("u1"), Shop::kBuckets);
  StoreBatch replayed;
  replayed.orders.push_back({.day = may(1),
                             .bucket = bucket,
                             .stored = {.order = {.user_id = UserId("u1"),
                                                  .order_id = OrderId("o1"),
                                                  .ordered_at = shop_.at(1),
                                                  .menu_type = MenuType("washoku")},
                                        .version = Version(0)}});
  replayed.marks.push_back({may(1), bucket, {LogPartition(0), LogOffset(2)}});
  ASSERT_TRUE(shop_.engine.order_store().put(replayed));
  ASSERT_TRUE(count(1, "u1"));
  EXPECT_GT(counts_version(), before);
}

TEST_F(DayCounterTest, ACorrectionMovesTheUserToTheOtherSegment) {
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  ASSERT_TRUE(count(1, "u1"));
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "yoshoku"});
  ASSERT_TRUE(count(1, "u1"));
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
  EXPECT_THAT(shop_.segment_users("yoshoku"), ElementsAre("u1"));
  EXPECT_EQ(moves(1, "u1"), (Moves{{{Standing(), prefers("yoshoku")}, 1}}));
}

TEST_F(DayCounterTest, ALateOrderDerivesLaterChangesAndMovesAnew) {
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  shop_.place({.day = 3, .user = "u1", .id = "o2", .type = "yoshoku"});
  shop_.place({.day = 5, .user = "u1", .id = "o3", .type = "yoshoku"});
  count_all(1, 5);
  EXPECT_THAT(shop_.lines("change"), ElementsAre("change 2025-05-01 u1: - > washoku",
                                                 "change 2025-05-03 u1: washoku > yoshoku"));
  shop_.place({.day = 1, .user = "u1", .id = "late", .type = "washoku"});
  const auto counted = count(1, "u1").value();
  EXPECT_THAT(counted.days, ElementsAre(may(1), may(3), may(5)));
  EXPECT_THAT(shop_.lines("change"), ElementsAre("change 2025-05-01 u1: - > washoku",
                                                 "change 2025-05-05 u1: washoku > yoshoku"));
  EXPECT_EQ(moves(3, "u1"), Moves());
  EXPECT_EQ(moves(5, "u1"), (Moves{{{prefers("washoku"), prefers("yoshoku")}, 1}}));
  EXPECT_THAT(shop_.segment_users("yoshoku"), ElementsAre("u1"));

  shop_.place({.day = 1, .user = "u1", .id = "later still", .type = "washoku"});
  ASSERT_TRUE(count(1, "u1"));
  EXPECT_EQ(moves(5, "u1"), Moves());
  EXPECT_THAT(shop_.segment_users("yoshoku"), IsEmpty());
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
}

TEST_F(DayCounterTest, MovesCountEverybodyInTheBucketAlsoWhoIsNotJudgedAgain) {
  const std::string other = [] {
    int n = 2;
    while (bucket_of(UserId("u" + std::to_string(n)), Shop::kBuckets) !=
           bucket_of(UserId("u1"), Shop::kBuckets))
      ++n;
    return "u" + std::to_string(n);
  }();
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  shop_.place({.day = 2, .user = "u1", .id = "o2", .type = "washoku"});
  shop_.place({.day = 2, .user = other, .id = "o3", .type = "washoku"});
  count_all(1, 2);
  shop_.place({.day = 1, .user = "u1", .id = "o4", .type = "washoku"});
  ASSERT_TRUE(count(1, "u1"));
  EXPECT_EQ(moves(2, "u1"), (Moves{{{Standing(), prefers("washoku")}, 1}})) << other;
}

TEST_F(DayCounterTest, UnderTheMinimumAUserIsUndecidedAndBecomesItAgain) {
  rules_.preference.min_orders = 2;
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  count_all(1, 1);
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
  shop_.place({.day = 2, .user = "u1", .id = "o2", .type = "washoku"});
  count_all(2, 2);
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  EXPECT_THAT(shop_.lines("change"),
              ElementsAre("change 2025-05-01 u1: - > ?", "change 2025-05-02 u1: ? > washoku"));
  shop_.cancel({.day = 2, .user = "u1", .id = "o2"});
  count_all(2, 2);
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
  EXPECT_THAT(shop_.lines("change"), ElementsAre("change 2025-05-01 u1: - > ?"));
}

TEST_F(DayCounterTest, DoesNotJudgeByDaysThatAreStillOpen) {
  shop_.place({.day = 1, .user = "u1", .id = "o1", .type = "washoku"});
  shop_.place({.day = 2, .user = "u1", .id = "o2", .type = "yoshoku"});
  shop_.place({.day = 2, .user = "u1", .id = "o3", .type = "yoshoku"});
  ASSERT_TRUE(count(1, "u1", may(2)));
  ASSERT_TRUE(count(2, "u1", may(2)));
  EXPECT_EQ(summary(2, "u1").figures.orders, 2U) << "counted all the same";
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  ASSERT_TRUE(count(1, "u1", may(2)));
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("u1"));
  EXPECT_EQ(moves(2, "u1"), Moves());
  ASSERT_TRUE(count(2, "u1", may(3)));
  EXPECT_THAT(shop_.segment_users("yoshoku"), ElementsAre("u1"));
  EXPECT_THAT(shop_.segment_users("washoku"), IsEmpty());
}

// Memory does not grow with the day: rows are asked for in reads of a fixed size, and users are
// written while the scan goes on.
TEST_F(DayCounterTest, ReadsTheDayInPiecesAndWritesUsersMeanwhile) {
  options_.users_per_chunk = 10;
  options_.orders_per_read = 25;
  int orders = 0;
  for (int user = 0; orders < 400; ++user) {
    const std::string name = "u" + std::to_string(user);
    if (bucket_of(UserId(name), Shop::kBuckets) != Bucket(0)) continue;
    for (int i = 0; i < 4; ++i, ++orders)
      shop_.place({.user = name, .id = "o" + std::to_string(i), .type = "washoku"});
  }
  int reads = 0, writes = 0;
  shop_.engine.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call == "cursor.next") ++reads;
    if (call != "preference_store.put_counts") return std::nullopt;
    ++writes;
    EXPECT_LE(reads * 25, writes * 10 * 4 + 25) << "read more than a chunk and a read ahead";
    return std::nullopt;
  });
  const auto marks = shop_.engine.order_store().marks(Bucket(0)).value();
  ASSERT_TRUE(counter().count(may(1), Bucket(0), marks.at(may(1)), {}, {}));
  EXPECT_EQ(writes, 10) << "100 users, 10 at a time";
}

TEST_F(DayCounterTest, StopsBetweenChunks) {
  options_.users_per_chunk = 1;
  for (int user = 0; user < 10; ++user)
    shop_.place({.user = "u" + std::to_string(user), .id = "o", .type = "washoku"});
  std::stop_source stop;
  stop.request_stop();
  const auto counted = counter().count(may(1), Bucket(0), {}, {}, stop.get_token());
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, ErrorCode::cancelled);
}

// What every call of a count may leave behind, the next count makes whole: for n = 1, 2, … the n-th
// call of a port fails, before or after its effect, until a count goes through undisturbed.
TEST_F(DayCounterTest, ACountThatIsCutShortAnywhereIsMadeWholeByTheNext) {
  options_.users_per_chunk = 2;
  const auto prepare = [this](Shop& shop, const DayCounterOptions& options) {
    const auto count_bucket_days = [&] {
      const DayCounter counter(shop.engine.order_store(), shop.engine.summary_store(),
                               shop.engine.preference_store(), shop.calendar, heartbeat_, options);
      for (const int day : {1, 2, 3}) {
        for (std::uint32_t i = 0; i < Shop::kBuckets.value(); ++i) {
          const auto marks = shop.engine.order_store().marks(Bucket(i)).value();
          if (!marks.contains(may(day))) continue;
          ASSERT_TRUE(counter.count(may(day), Bucket(i), marks.at(may(day)), {}, {}));
        }
      }
    };
    for (int user = 0; user < 12; ++user) {
      const std::string name = "u" + std::to_string(user);
      shop.place({.day = 1, .user = name, .id = "1", .type = user % 2 == 0 ? "washoku" : "chuka"});
      shop.place({.day = 2, .user = name, .id = "2", .type = "yoshoku"});
      shop.place({.day = 3, .user = name, .id = "3", .type = "yoshoku"});
    }
    count_bucket_days();
    // A correction, a cancellation and late orders, all on the first day.
    for (int user = 0; user < 12; ++user) {
      const std::string name = "u" + std::to_string(user);
      if (user % 3 == 0) shop.place({.day = 1, .user = name, .id = "1", .type = "yoshoku"});
      if (user % 3 == 1) shop.cancel({.day = 1, .user = name, .id = "1"});
      if (user % 3 == 2)
        shop.place({.day = 1, .user = name, .id = "late", .type = "washoku", .hour = 20});
    }
  };
  const auto count_first_day = [&](Shop& shop) -> Result<BucketCounted> {
    const DayCounter counter(shop.engine.order_store(), shop.engine.summary_store(),
                             shop.engine.preference_store(), shop.calendar, heartbeat_, options_);
    const Bucket bucket = bucket_of(UserId("u0"), Shop::kBuckets);
    const auto marks = shop.engine.order_store().marks(bucket);
    if (!marks) return std::unexpected(marks.error());
    return counter.count(may(1), bucket, marks->at(may(1)), {}, {});
  };
  prepare(shop_, options_);
  ASSERT_TRUE(count_first_day(shop_));
  const auto expected = shop_.figures(Detail::everything);

  for (const bool after_effect : {false, true}) {
    bool undisturbed = false;
    for (int n = 1; !undisturbed; ++n) {
      ASSERT_LT(n, 1'000);
      Shop shop;
      prepare(shop, options_);
      shop.fail_call(n, after_effect);
      undisturbed = count_first_day(shop).has_value();
      shop.heal();
      ASSERT_TRUE(undisturbed || count_first_day(shop));
      ASSERT_EQ(support::difference(expected, shop.figures(Detail::everything)), "")
          << "call " << n << (after_effect ? ", after its effect" : ", before its effect");
      EXPECT_TRUE(!undisturbed || n > 10) << "too few calls for this test to mean anything";
    }
  }
}

}  // namespace
}  // namespace konomi::aggregate
