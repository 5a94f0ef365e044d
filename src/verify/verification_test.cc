#include "verify/verification.h"

#include "aggregate/shop_fixture.h"
#include "tests/support/forwarding_order_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace konomi::verify {
namespace {

using aggregate::may;
using aggregate::Shop;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const MenuType kWashoku("washoku");
const MenuType kYoshoku("yoshoku");

std::string line_of(const Difference& difference) {
  return fmt::format("{} {} {}: {} / {}", difference.day ? to_string(*difference.day) : "-",
                     difference.user_id ? difference.user_id->value() : "-", difference.what,
                     difference.expected, difference.found);
}

// A week of orders of some guests, counted. The clock stands at noon of May 10, 2025.
class VerificationTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.bucket_count = Shop::kBuckets;
    options_.look_again_after = std::chrono::milliseconds(0);
    for (int day = 1; day <= 7; ++day) {
      for (int user = 0; user < 12; ++user) {
        if ((day + user) % 3 == 0) continue;
        shop_.place({.day = day,
                     .user = fmt::format("u{}", user),
                     .id = "o",
                     .type = (day * user) % 4 == 0 ? "yoshoku" : "washoku",
                     .hour = 8 + user});
      }
    }
    shop_.cancel({.day = 2, .user = "u6", .id = "o", .type = "washoku"});
    shop_.count(counting_);
  }

  VerifyPorts ports() {
    return {shop_.engine.order_store(), shop_.engine.summary_store(),
            shop_.engine.preference_store(), shop_.engine.settings_store()};
  }
  SummaryStore& summaries() { return shop_.engine.summary_store(); }
  PreferenceStore& preferences() { return shop_.engine.preference_store(); }

  std::unique_ptr<Verification> verify(std::optional<BusinessDay> from = std::nullopt,
                                       std::optional<BusinessDay> to = std::nullopt) {
    auto verification =
        Verification::begin(ports(), options_, shop_.calendar, shop_.clock, from, to).value();
    EXPECT_TRUE(verification->run(threads_, [] {}, {}));
    return verification;
  }
  std::vector<std::string> lines(std::optional<BusinessDay> from = std::nullopt,
                                 std::optional<BusinessDay> to = std::nullopt) {
    const auto verification = verify(from, to);
    EXPECT_EQ(verification->report().not_counted_yet, std::set<BusinessDay>());
    std::vector<std::string> lines;
    for (const Difference& difference : verification->report().differences)
      lines.push_back(line_of(difference));
    EXPECT_EQ(verification->report().differences_total, lines.size());
    return lines;
  }
  // Repairs, counts, and expects everything to be as it was before the damage.
  void expect_repair_mends() {
    const auto verification = verify();
    EXPECT_FALSE(verification->plan().empty());
    const auto repair = begin_repair(ports(), options_, verification->plan());
    ASSERT_TRUE(repair);
    EXPECT_FALSE(is_counted_under(ports(), options_, repair->generation).value());
    shop_.count(counting_);
    EXPECT_TRUE(is_counted_under(ports(), options_, repair->generation).value());
    EXPECT_THAT(lines(), IsEmpty());
    EXPECT_EQ(shop_.figures(support::Detail::answers), answers_);
  }
  // Call before any damage.
  void keep_answers() { answers_ = shop_.figures(support::Detail::answers); }

  Bucket bucket(const std::string& user) { return bucket_of(UserId(user), Shop::kBuckets); }
  BucketSummary summary(int day, const std::string& user) {
    const Bucket of = bucket(user);
    return summaries().day_parts(may(day), {&of, 1}).value().front().summary.value();
  }
  UserDayCounts counts(const std::string& user, int day) {
    const UserId user_id(user);
    const auto all = preferences().counts_of({&user_id, 1}).value().front();
    return *std::ranges::find(all, may(day), &UserDayCounts::day);
  }
  Preference preference(const std::string& user) {
    const UserId user_id(user);
    return preferences().preferences_of({&user_id, 1}).value().front().value();
  }
  // Writes a preference past everything that would keep it consistent.
  void put_preference(const std::string& user, std::optional<Preference> current,
                      std::vector<PreferenceChange> changes = {}) {
    ASSERT_TRUE(preferences().put_preferences({{.user_id = UserId(user),
                                                .bucket = bucket(user),
                                                .current = std::move(current),
                                                .changes = std::move(changes)}}));
  }

  Shop shop_;
  VerifyOptions options_;
  std::size_t threads_ = 2;
  aggregate::AggregatorOptions counting_;
  std::vector<std::string> answers_;
};

TEST_F(VerificationTest, FindsNothingInWhatWasCounted) {
  const auto verification = verify();
  const Report& report = verification->report();
  EXPECT_THAT(report.differences, IsEmpty());
  EXPECT_EQ(report.days_recounted, 7U);
  EXPECT_EQ(report.from, may(1));
  EXPECT_EQ(report.to, may(7));
  EXPECT_EQ(report.orders, 55U);
  EXPECT_EQ(report.users, 12U);
  EXPECT_THAT(report.days_attested, IsEmpty());
  EXPECT_THAT(report.not_counted_yet, IsEmpty());
  EXPECT_TRUE(verification->plan().empty());
}

TEST_F(VerificationTest, FindsNothingInEmptyStores) {
  Shop empty;
  const VerifyPorts ports{empty.engine.order_store(), empty.engine.summary_store(),
                          empty.engine.preference_store(), empty.engine.settings_store()};
  const auto verification =
      Verification::begin(ports, options_, empty.calendar, empty.clock, {}, {}).value();
  ASSERT_TRUE(verification->run(1, [] {}, {}));
  EXPECT_EQ(verification->report().days_recounted, 0U);
  EXPECT_THAT(verification->report().differences, IsEmpty());
}

TEST_F(VerificationTest, ACountThatIsOffByOneIsFoundAndMended) {
  keep_answers();
  BucketSummary damaged = summary(3, "u5");
  TypeFigures& washoku = damaged.figures.types.at(kWashoku);
  ++washoku.orders;
  ASSERT_TRUE(summaries().put_bucket_summary(may(3), bucket("u5"), damaged));
  EXPECT_THAT(lines(), ElementsAre(fmt::format("2025-05-03 - orders of washoku: {} / {}",
                                               washoku.orders - 1, washoku.orders)));
  expect_repair_mends();
}

TEST_F(VerificationTest, HoursUsersAndChecksumsAreCompared) {
  keep_answers();
  BucketSummary damaged = summary(3, "u5");
  HourCounts& hours = damaged.figures.types.at(kWashoku).by_hour;
  const auto full = std::ranges::find_if(hours, [](auto orders) { return orders > 0; });
  --*full;
  ++hours[0];
  ++damaged.figures.users;
  ++damaged.figures.checksum;
  ASSERT_TRUE(summaries().put_bucket_summary(may(3), bucket("u5"), damaged));
  EXPECT_THAT(lines(), AllOf(Contains(HasSubstr("orders of washoku at 0 h: 0 / 1")),
                             Contains(HasSubstr("users: ")), Contains(HasSubstr("checksum: ")),
                             testing::SizeIs(4)));
  expect_repair_mends();
}

TEST_F(VerificationTest, ABucketsSummaryThatIsLostIsFoundAndMended) {
  keep_answers();
  BucketSummary nothing;
  ASSERT_TRUE(summaries().put_bucket_summary(may(3), bucket("u5"), nothing));
  EXPECT_THAT(lines(), Contains(HasSubstr("2025-05-03 - orders: ")))
      << "the progress says that it was counted";
  expect_repair_mends();
}

TEST_F(VerificationTest, AWrongDayTotalIsFoundAndMended) {
  keep_answers();
  DaySummary day = summaries().day(may(4)).value().value();
  day.figures.orders += 2;
  day.moves.clear();
  ASSERT_TRUE(summaries().put_day(day));
  EXPECT_THAT(lines(), Contains(fmt::format("2025-05-04 - orders: {} / {}", day.figures.orders - 2,
                                            day.figures.orders)));
  EXPECT_THAT(lines(), Contains(HasSubstr("2025-05-04 - moves from ")));
  expect_repair_mends();
}

TEST_F(VerificationTest, AUsersRowThatIsMissingIsFoundAndMended) {
  keep_answers();
  ASSERT_TRUE(preferences().remove_strays({.counts = {{UserId("u5"), may(5)}}}, Version(0)));
  EXPECT_THAT(lines(), ElementsAre("2025-05-05 u5 counts: washoku 1 (last "
                                   "2025-05-05T04:00:00.000Z) / missing"))
      << "what the user prefers is worked out from the orders";
  expect_repair_mends();
}

TEST_F(VerificationTest, AUsersWrongCountsAreFoundAndMended) {
  keep_answers();
  UserDayCounts wrong = counts("u5", 5);
  wrong.counts.front().orders = 9;
  ASSERT_TRUE(preferences().put_counts({{UserId("u5"), wrong}}));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("2025-05-05 u5 counts: washoku 1 ")));
  expect_repair_mends();
}

TEST_F(VerificationTest, CountsOfADayWithoutOrdersAreFoundAndMended) {
  keep_answers();
  ASSERT_TRUE(preferences().put_counts(
      {{UserId("u5"),
        {.day = may(4), .counts = {{kYoshoku, 7, shop_.at(4)}}, .version = Version(3)}}}));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("2025-05-04 u5 counts: no orders / yoshoku 7")));
  expect_repair_mends();
}

TEST_F(VerificationTest, AWrongPreferenceIsFoundAndMended) {
  keep_answers();
  Preference wrong = preference("u5");
  wrong.confidence_e4 -= 5;
  put_preference("u5", wrong);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("- u5 preference: washoku "),
                                   HasSubstr("- u5 segment washoku: washoku ")));
  expect_repair_mends();
}

TEST_F(VerificationTest, AStaleSegmentRowIsFoundAndMended) {
  keep_answers();
  const Preference right = preference("u5");
  Preference stale = right;
  stale.menu_type = kYoshoku;
  put_preference("u5", stale);  // Puts the row of yoshoku, and the preference …
  put_preference("u5", right);  // … which this makes right again.
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("- u5 segment yoshoku: not in it / yoshoku ")));
  expect_repair_mends();
}

TEST_F(VerificationTest, ASegmentRowOfATypeThatTheUserNeverOrderedIsFoundAndMended) {
  keep_answers();
  const Preference right = preference("u5");
  Preference stale = right;
  stale.menu_type = MenuType("chuka");
  put_preference("u5", stale);
  put_preference("u5", right);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("- u5 segment chuka: not in it")));
  expect_repair_mends();
}

TEST_F(VerificationTest, ASegmentRowThatIsMissingIsFoundAndMended) {
  keep_answers();
  ASSERT_TRUE(preferences().remove_strays({.members = {{kWashoku, bucket("u5"), UserId("u5")}}},
                                          Version(0)));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("- u5 segment washoku: washoku ")));
  expect_repair_mends();
}

TEST_F(VerificationTest, SomebodyWithoutOrdersIsFoundAndTakenAway) {
  keep_answers();
  put_preference("nobody", preference("u5"));
  ASSERT_TRUE(preferences().put_counts(
      {{UserId("nobody"), {.day = may(4), .counts = {{kWashoku, 1, shop_.at(4)}}}}}));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("- nobody preference: none / washoku "),
                                   HasSubstr("- nobody segment washoku: not in it"),
                                   HasSubstr("2025-05-04 nobody counts: no orders")));
  expect_repair_mends();
}

TEST_F(VerificationTest, AChangeThatIsLostIsFoundAndMended) {
  keep_answers();
  ASSERT_TRUE(
      preferences().remove_strays({.changes = {{may(2), bucket("u5"), UserId("u5")}}}, Version(0)));
  EXPECT_THAT(lines(), ElementsAre("2025-05-02 u5 change: none to washoku / missing"));
  expect_repair_mends();
}

TEST_F(VerificationTest, AChangeThatNeverHappenedIsFoundAndMended) {
  keep_answers();
  put_preference("u5", preference("u5"),
                 {{may(4), Standing::prefers(kWashoku), Standing::prefers(kYoshoku)}});
  EXPECT_THAT(lines(), ElementsAre("2025-05-04 u5 change: none / washoku to yoshoku"));
  expect_repair_mends();
}

TEST_F(VerificationTest, WrongMovesAreFoundAndMended) {
  keep_answers();
  const Bucket of = bucket("u5");
  BucketMoves moves = summaries().day_parts(may(2), {&of, 1}).value().front().moves;
  moves.moves[{Standing(), Standing::prefers(kWashoku)}] += 3;
  ASSERT_TRUE(summaries().put_bucket_moves(may(2), of, moves));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("2025-05-02 - moves from none to washoku: ")));
  expect_repair_mends();
}

TEST_F(VerificationTest, AllDamageAtOnceIsMendedByOneRepair) {
  keep_answers();
  ASSERT_TRUE(preferences().remove_strays({.members = {{kWashoku, bucket("u5"), UserId("u5")}},
                                           .changes = {{may(2), bucket("u4"), UserId("u4")}},
                                           .counts = {{UserId("u8"), may(5)}},
                                           .preferences = {UserId("u10")}},
                                          Version(0)));
  DaySummary day = summaries().day(may(4)).value().value();
  day.figures.checksum ^= 1;
  ASSERT_TRUE(summaries().put_day(day));
  ASSERT_TRUE(summaries().put_bucket_summary(may(1), bucket("u4"), {}));
  expect_repair_mends();
}

TEST_F(VerificationTest, OnlyTheDaysAskedForAreRecounted) {
  ASSERT_TRUE(preferences().remove_strays({.counts = {{UserId("u5"), may(5)}}}, Version(0)));
  DaySummary day = summaries().day(may(2)).value().value();
  ++day.figures.orders;
  ASSERT_TRUE(summaries().put_day(day));
  EXPECT_THAT(lines(may(6), may(7)), testing::Each(HasSubstr("u5 ")))
      << "outside, the stored counts are taken as they are";
  EXPECT_THAT(lines(may(2), may(2)), Contains(HasSubstr("2025-05-02 - orders: ")));
  EXPECT_THAT(lines(may(4), may(4)), IsEmpty());
}

TEST_F(VerificationTest, ADayBeforeItsEndIsNoRange) {
  const auto refused =
      Verification::begin(ports(), options_, shop_.calendar, shop_.clock, may(3), may(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_F(VerificationTest, WhatIsNotCountedYetIsNoDifference) {
  shop_.place({.day = 4, .user = "u5", .id = "late", .type = "yoshoku"});
  shop_.place({.day = 4, .user = "new", .id = "o", .type = "yoshoku"});
  const auto verification = verify();
  EXPECT_THAT(verification->report().differences, IsEmpty());
  EXPECT_THAT(verification->report().not_counted_yet, ElementsAre(may(4)));
  shop_.count(counting_);
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(VerificationTest, DamageIsSeenBesideWhatIsNotCountedYet) {
  shop_.place({.day = 4, .user = "u5", .id = "late", .type = "yoshoku"});
  ASSERT_TRUE(preferences().remove_strays({.counts = {{UserId("u4"), may(6)}}}, Version(0)));
  const auto verification = verify();
  EXPECT_THAT(verification->report().not_counted_yet, ElementsAre(may(4)));
  ASSERT_EQ(verification->report().differences.size(), 1U);
  EXPECT_THAT(line_of(verification->report().differences.front()),
              HasSubstr("2025-05-06 u4 counts"));
}

TEST_F(VerificationTest, WhatIsCountedDuringTheLookIsLookedAtAgain) {
  threads_ = 1;  // A second thread could use up its looks at another bucket during the count.
  bool moved = false;
  shop_.engine.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call == "preference_store.preferences_of" && !std::exchange(moved, true)) {
      shop_.place({.day = 4, .user = "u5", .id = "late", .type = "yoshoku"});
      shop_.count(counting_);
    }
    return std::nullopt;
  });
  EXPECT_THAT(lines(), IsEmpty());
  EXPECT_TRUE(moved);
}

TEST_F(VerificationTest, AMisplacedOrderIsFoundAndCannotBeMended) {
  StoreBatch batch;
  batch.orders.push_back({.day = may(2),
                          .bucket = Bucket(3),
                          .stored = {{.user_id = UserId("u5"),
                                      .order_id = OrderId("odd"),
                                      .ordered_at = shop_.at(3),
                                      .menu_type = kWashoku},
                                     Version(1)}});
  ASSERT_TRUE(shop_.engine.order_store().put(batch));
  const auto verification = verify();
  const auto& differences = verification->report().differences;
  const auto found = std::ranges::find(differences, "order odd", &Difference::what);
  ASSERT_NE(found, differences.end());
  EXPECT_FALSE(found->mendable);
  EXPECT_THAT(found->expected, HasSubstr("on 2025-05-03 in bucket "));
}

TEST_F(VerificationTest, UsersWhoDoNotFitIntoMemoryAreCheckedInParts) {
  options_.users_max = 1;
  options_.users_per_chunk = 2;
  options_.rows_per_read = 3;
  EXPECT_THAT(lines(), IsEmpty());
  EXPECT_EQ(verify()->report().users, 12U);
  ASSERT_TRUE(preferences().remove_strays({.members = {{kWashoku, bucket("u5"), UserId("u5")}}},
                                          Version(0)));
  put_preference("nobody", preference("u4"));
  EXPECT_THAT(lines(), testing::SizeIs(3));
  options_.users_max = 1'000;
  options_.orders_max = 5;
  EXPECT_THAT(lines(), testing::SizeIs(3));
}

TEST_F(VerificationTest, DifferencesBeyondTheBoundAreCounted) {
  for (int user = 0; user < 12; ++user)
    ASSERT_TRUE(preferences().remove_strays({.preferences = {UserId(fmt::format("u{}", user))}},
                                            Version(0)));
  options_.differences_max = 5;
  const auto verification = verify();
  EXPECT_EQ(verification->report().differences.size(), 5U);
  EXPECT_EQ(verification->report().differences_total, 12U);
}

TEST_F(VerificationTest, ErrorsOfTheStoresAreHandedUp) {
  shop_.engine.fail_next("preference_store.counts_of", 1,
                         {.error = {.code = ErrorCode::unavailable, .message = "away"}});
  const auto verification =
      Verification::begin(ports(), options_, shop_.calendar, shop_.clock, {}, {}).value();
  EXPECT_EQ(verification->run(1, [] {}, {}).error().code, ErrorCode::unavailable);
}

TEST_F(VerificationTest, StopsWhenItIsAskedTo) {
  std::stop_source stop;
  stop.request_stop();
  const auto verification =
      Verification::begin(ports(), options_, shop_.calendar, shop_.clock, {}, {}).value();
  EXPECT_EQ(verification->run(1, [] {}, stop.get_token()).error().code, ErrorCode::cancelled);
}

TEST_F(VerificationTest, GoesStepByStep) {
  const auto verification =
      Verification::begin(ports(), options_, shop_.calendar, shop_.clock, {}, {}).value();
  std::size_t steps = 0;
  while (verification->step({}).value()) EXPECT_EQ(verification->done(), ++steps);
  EXPECT_EQ(steps, verification->parts());
  EXPECT_EQ(verification->report().orders, 55U);
}

TEST_F(VerificationTest, ARepairThatNobodyCountedYetIsNotRepeated) {
  ASSERT_TRUE(preferences().remove_strays({.counts = {{UserId("u5"), may(5)}}}, Version(0)));
  ASSERT_TRUE(begin_repair(ports(), options_, verify()->plan()));
  const auto verification = verify();
  EXPECT_THAT(verification->report().differences, IsEmpty());
  EXPECT_TRUE(verification->plan().empty());
}

// --- Rules ---------------------------------------------------------------------------------------

TEST_F(VerificationTest, TheRulesAreThoseOfTheData) {
  const auto rules = raised(CountingRules(), {.min_orders = 5}).value();
  ASSERT_TRUE(shop_.engine.settings_store().put_counting_rules(rules));
  EXPECT_EQ(verify()->report().not_counted_yet.size(), 7U);
  shop_.count(counting_);
  EXPECT_THAT(lines(), IsEmpty());
}

class NightlyVerificationTest : public VerificationTest {
 protected:
  void SetUp() override {
    counting_.preferences = Preferences::nightly;
    options_.judged_nightly = true;
    VerificationTest::SetUp();
  }
};

TEST_F(NightlyVerificationTest, NobodyIsJudgedByADayThatIsStillOpen) {
  shop_.place({.day = 10, .user = "u5", .id = "today", .type = "yoshoku", .hour = 10});
  shop_.place({.day = 10, .user = "new", .id = "today", .type = "yoshoku", .hour = 11});
  shop_.count(counting_);
  EXPECT_THAT(lines(), IsEmpty());
  options_.judged_nightly = false;
  EXPECT_THAT(lines(), Contains(HasSubstr("new preference: yoshoku ")));
}

TEST_F(NightlyVerificationTest, ADayThatIsOverAndNotJudgedYetIsNotCountedYet) {
  shop_.place({.day = 10, .user = "u5", .id = "today", .type = "yoshoku", .hour = 10});
  shop_.count(counting_);
  shop_.clock.set(shop_.at(11, 1));
  const auto before = verify();
  EXPECT_THAT(before->report().differences, IsEmpty());
  shop_.count(counting_);
  EXPECT_THAT(lines(), IsEmpty());
}

// --- Days without stored orders ------------------------------------------------------------------

// Orders of one day only, in front of summaries of others: as if those of the others had expired.
class ExpiredOrders final : public support::ForwardingOrderStore {
 public:
  ExpiredOrders(OrderStore& store, BusinessDay first_kept)
      : ForwardingOrderStore(store), first_kept_(first_kept) {}

  Result<std::unique_ptr<Cursor<StoredOrder>>> scan(BusinessDay day, Bucket bucket) override {
    return store().scan(day < first_kept_ ? may(31) : day, bucket);
  }

 private:
  const BusinessDay first_kept_;
};

class AttestationTest : public VerificationTest {
 protected:
  std::unique_ptr<Verification> verify() {
    auto verification =
        Verification::begin({expired_, summaries(), preferences(), shop_.engine.settings_store()},
                            options_, shop_.calendar, shop_.clock, std::nullopt, std::nullopt)
            .value();
    EXPECT_TRUE(verification->run(1, [] {}, {}));
    return verification;
  }

  ExpiredOrders expired_{shop_.engine.order_store(), may(4)};
};

TEST_F(AttestationTest, DaysWhoseOrdersAreGoneAreAttestedFromTheirSums) {
  const auto verification = verify();
  EXPECT_EQ(verification->report().days_recounted, 4U);
  EXPECT_THAT(verification->report().days_attested, ElementsAre(may(1), may(2), may(3)));
  EXPECT_THAT(verification->report().differences, IsEmpty())
      << "what users ordered on those days is known from their counts";
}

TEST_F(AttestationTest, ASumThatDiffersIsFoundButCannotBeMended) {
  DaySummary day = summaries().day(may(2)).value().value();
  day.figures.checksum ^= 1;
  ASSERT_TRUE(summaries().put_day(day));
  const auto verification = verify();
  ASSERT_EQ(verification->report().differences.size(), 1U);
  const Difference& difference = verification->report().differences.front();
  EXPECT_EQ(difference.what, "checksum");
  EXPECT_FALSE(difference.mendable);
  EXPECT_TRUE(verification->plan().empty()) << "counting again would make it 0";
}

// A preference is about all days, also those that are attested.
TEST_F(AttestationTest, UsersWithAnExpiredDayAreChecked) {
  ASSERT_TRUE(shop_.engine.settings_store().put_expiry(
      {.before = may(4), .announced_at = shop_.clock.now()}));
  EXPECT_THAT(verify()->report().differences, IsEmpty());
  const UserId user("u1");
  const MenuType type = preference(user.value()).menu_type;
  ASSERT_TRUE(
      preferences().remove_strays({.members = {{type, bucket(user.value()), user}}}, Version(0)));
  const auto verification = verify();
  ASSERT_EQ(verification->report().differences.size(), 1U);
  EXPECT_EQ(verification->report().differences.front().what, "segment " + type.value());
}

// --- Reports -------------------------------------------------------------------------------------

TEST(Report, IsATableForPeople) {
  const Report report{
      .from = may(1),
      .to = may(7),
      .days_recounted = 6,
      .orders = 55,
      .users = 12,
      .days_attested = {may(1)},
      .not_counted_yet = {may(7)},
      .differences = {{.day = may(3), .what = "orders of 和食", .expected = "5", .found = "6"},
                      {.bucket = Bucket(2),
                       .user_id = UserId("u5"),
                       .what = "preference",
                       .expected = "none",
                       .found = "washoku"}},
      .differences_total = 3,
      .duration = std::chrono::milliseconds(1'230)};
  EXPECT_EQ(to_text(report),
            "recounted 6 days from 2025-05-01 to 2025-05-07: 55 orders of 12 guests, 1.2 s\n"
            "attested 1 day from stored sums only, for the orders are not stored any more: "
            "2025-05-01\n"
            "not wholly counted yet, verify again later: 2025-05-07\n"
            "3 differences\n\n"
            "DAY         BUCKET  USER  WHAT          EXPECTED  FOUND\n"
            "2025-05-03  -       -     orders of 和食  5         6\n"
            "-           2       u5    preference    none      washoku\n"
            "… and 1 more\n");
}

TEST(Report, NamesAttestedDaysAsLongAsTheyAreFew) {
  Report report{.from = may(1), .to = may(31)};
  for (int day = 1; day <= 8; ++day) report.days_attested.push_back(may(day));
  EXPECT_THAT(to_text(report), HasSubstr("not stored any more: 2025-05-01 to 2025-05-08\n"));
}

TEST(Report, IsJsonForPrograms) {
  const Report report{.from = may(1),
                      .to = may(2),
                      .days_recounted = 2,
                      .days_attested = {may(1), may(2)},
                      .differences = {{.day = may(1),
                                       .bucket = Bucket(3),
                                       .user_id = UserId("\"u\""),
                                       .what = "counts",
                                       .expected = "a",
                                       .found = "b",
                                       .mendable = false}},
                      .differences_total = 1};
  wire::JsonWriter json;
  write_report(json, report);
  EXPECT_EQ(json.take(),
            R"({"from":"2025-05-01","to":"2025-05-02","days_recounted":2,"orders":0,"users":0,)"
            R"("seconds":0.000,"days_attested":["2025-05-01","2025-05-02"],"not_counted_yet":[],)"
            R"("differences_total":1,"differences":[{"what":"counts","date":"2025-05-01",)"
            R"("bucket":3,"user_id":"\"u\"","expected":"a","found":"b","mendable":false}]})");
}

TEST(Report, IsReadAsItWasWritten) {
  const Report report{.from = may(1),
                      .to = may(31),
                      .days_recounted = 29,
                      .orders = 41,
                      .users = 7,
                      .days_attested = {may(30)},
                      .not_counted_yet = {may(31)},
                      .differences = {{.day = may(2),
                                       .bucket = Bucket(0),
                                       .user_id = UserId("u1"),
                                       .what = "counts",
                                       .expected = "1",
                                       .found = "2"},
                                      {.what = "moves", .mendable = false}},
                      .differences_total = 3,
                      .duration = std::chrono::milliseconds(1'001)};
  wire::JsonWriter json;
  write_report(json, report);
  simdjson::dom::parser parser;
  EXPECT_EQ(read_report(parser.parse(json.take()).value()), report);
}

}  // namespace
}  // namespace konomi::verify
