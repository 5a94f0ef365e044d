#include "tests/contract/engines.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

#include <fmt/format.h>

#include <chrono>
#include <set>

namespace konomi::contract {
namespace {

using support::all_rows;
using support::instant;
using support::value_of;

const BusinessDay kJudgedDay = BusinessDay::from_days_since_1970(20'089);
constexpr std::uint32_t kBucket = 7;
const MenuType kWashoku("washoku");
const MenuType kYoshoku("yoshoku");

Preference prefers(const MenuType& type, std::uint64_t orders = 3) {
  return {.menu_type = type,
          .orders = orders,
          .total_orders = orders + 1,
          .runner_up = MenuType("chuka"),
          .runner_up_orders = 1,
          .since = kJudgedDay,
          .confidence_e4 = 9375,
          .last_ordered_at = instant(5),
          .version = Version(orders)};
}

Preference undecided(const MenuType& type) {
  Preference preference = prefers(type, 1);
  preference.undecided = true;
  return preference;
}

PreferenceChange change(Standing from, Standing to, BusinessDay day = kJudgedDay) {
  return {.day = day, .from = std::move(from), .to = std::move(to)};
}

template <class Engine>
class PreferenceStoreContract : public EngineTest<Engine> {
 protected:
  PreferenceStore& store() { return this->engine->preference_store(); }

  // Each with a higher version than the one before.
  PreferenceUpdate update(std::string_view user_id, std::optional<Preference> current,
                          std::vector<PreferenceChange> changes = {}) {
    PreferenceUpdate update{.user_id = UserId(std::string(user_id)),
                            .bucket = Bucket(kBucket),
                            .current = std::move(current),
                            .other_types = {},
                            .changes = std::move(changes),
                            .version = Version(++last_version_)};
    for (const MenuType& type : {kWashoku, kYoshoku})
      if (!update.current || update.current->menu_type != type) update.other_types.push_back(type);
    return update;
  }

  std::vector<std::string> users_of(const MenuType& type,
                                    const std::optional<UserId>& after = std::nullopt,
                                    std::uint32_t bucket = kBucket) {
    std::vector<std::string> users;
    for (const auto& row : all_rows(store().segment(type, Bucket(bucket), after), 2))
      users.push_back(row.user_id.value());
    return users;
  }
  std::optional<Preference> preference_of(const UserId& user_id) {
    return value_of(store().preferences_of({&user_id, 1})).front();
  }
  std::vector<UserChange> changes_of(BusinessDay day = kJudgedDay) {
    std::vector<UserChange> changes;
    for (UserChange& row : all_rows(store().changes(day, Bucket(kBucket)), 2)) {
      row.version = {};  // Not every engine keeps it.
      if (row.change.from != row.change.to) changes.push_back(std::move(row));
    }
    return changes;
  }

 private:
  std::uint64_t last_version_ = 0;
};
TYPED_TEST_SUITE(PreferenceStoreContract, Engines, EngineNames);

TYPED_TEST(PreferenceStoreContract, ANewStoreKnowsNobody) {
  const std::vector<UserId> users = {UserId("u")};
  EXPECT_EQ(value_of(this->store().counts_of(users)),
            (std::vector<std::vector<UserDayCounts>>{{}}));
  EXPECT_EQ(this->preference_of(UserId("u")), std::nullopt);
  EXPECT_TRUE(this->users_of(kWashoku).empty());
  EXPECT_TRUE(this->changes_of().empty());
}

TYPED_TEST(PreferenceStoreContract, CountsComeByDayInTheOrderAskedFor) {
  const auto counts = [](int days, std::uint64_t orders) {
    return UserDayCounts{
        .day = kJudgedDay + std::chrono::days(days),
        .counts = {{.menu_type = kWashoku, .orders = orders, .last_ordered_at = instant(days)},
                   {.menu_type = kYoshoku, .orders = 1, .last_ordered_at = instant(0)}},
        .version = Version(orders)};
  };
  value_of(this->store().put_counts({{UserId("aa"), counts(1, 1)},
                                     {UserId("a"), counts(2, 2)},
                                     {UserId("a"), counts(-20'090, 3)},
                                     {UserId("a b"), counts(1, 4)}}));
  this->engine.reopen();
  const std::vector<UserId> users = {UserId("aa"), UserId("nobody"), UserId("a"), UserId("aa")};
  EXPECT_EQ(value_of(this->store().counts_of(users)),
            (std::vector<std::vector<UserDayCounts>>{
                {counts(1, 1)}, {}, {counts(-20'090, 3), counts(2, 2)}, {counts(1, 1)}}));
}

TYPED_TEST(PreferenceStoreContract, CountsOfADayAreReplaced) {
  const UserDayCounts none{.day = kJudgedDay, .counts = {}, .version = Version(9)};
  value_of(this->store().put_counts(
      {{UserId("u"),
        {.day = kJudgedDay, .counts = {{kWashoku, 1, instant(0)}}, .version = Version(1)}}}));
  value_of(this->store().put_counts({{UserId("u"), none}}));
  const std::vector<UserId> users = {UserId("u")};
  EXPECT_EQ(value_of(this->store().counts_of(users)),
            (std::vector<std::vector<UserDayCounts>>{{none}}));
}

TYPED_TEST(PreferenceStoreContract, GivesBackEveryFieldOfAPreference) {
  Preference preference = prefers(kWashoku);
  preference.tied = true;
  Preference alone = prefers(kYoshoku);
  alone.runner_up.reset();
  value_of(
      this->store().put_preferences({this->update("u", preference), this->update("v", alone)}));
  this->engine.reopen();
  EXPECT_EQ(this->preference_of(UserId("u")), preference);
  EXPECT_EQ(this->preference_of(UserId("v")), alone);
  EXPECT_EQ(all_rows(this->store().segment(kWashoku, Bucket(kBucket), std::nullopt)),
            (std::vector<UserPreference>{{.user_id = UserId("u"), .preference = preference}}));
}

TYPED_TEST(PreferenceStoreContract, AMoveLeavesExactlyOneSegmentRow) {
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku))}));
  value_of(this->store().put_preferences({this->update("u", prefers(kYoshoku))}));
  EXPECT_TRUE(this->users_of(kWashoku).empty());
  EXPECT_EQ(this->users_of(kYoshoku), (std::vector<std::string>{"u"}));
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku))}));
  EXPECT_EQ(this->users_of(kWashoku), (std::vector<std::string>{"u"}));
  EXPECT_TRUE(this->users_of(kYoshoku).empty());
}

TYPED_TEST(PreferenceStoreContract, TwoUpdatesOfAUserInOneCallLeaveTheSecond) {
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku)),
                                          this->update("v", prefers(kWashoku)),
                                          this->update("u", prefers(kYoshoku))}));
  EXPECT_EQ(this->users_of(kWashoku), (std::vector<std::string>{"v"}));
  EXPECT_EQ(this->users_of(kYoshoku), (std::vector<std::string>{"u"}));
}

TYPED_TEST(PreferenceStoreContract, NewEvidenceReplacesTheSegmentRow) {
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku, 3))}));
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku, 4))}));
  EXPECT_EQ(
      all_rows(this->store().segment(kWashoku, Bucket(kBucket), std::nullopt)),
      (std::vector<UserPreference>{{.user_id = UserId("u"), .preference = prefers(kWashoku, 4)}}));
}

TYPED_TEST(PreferenceStoreContract, NobodyUndecidedIsInASegment) {
  value_of(this->store().put_preferences(
      {this->update("u", prefers(kWashoku)), this->update("v", undecided(kYoshoku))}));
  value_of(this->store().put_preferences({this->update("u", undecided(kWashoku))}));
  EXPECT_TRUE(this->users_of(kWashoku).empty());
  EXPECT_TRUE(this->users_of(kYoshoku).empty());
  EXPECT_EQ(this->preference_of(UserId("u")), undecided(kWashoku));
}

TYPED_TEST(PreferenceStoreContract, WithoutAPreferenceAUserIsNowhere) {
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku))}));
  value_of(this->store().put_preferences({this->update("u", std::nullopt)}));
  value_of(this->store().put_preferences({this->update("nobody", std::nullopt)}));
  EXPECT_TRUE(this->users_of(kWashoku).empty());
  EXPECT_EQ(this->preference_of(UserId("u")), std::nullopt);
}

TYPED_TEST(PreferenceStoreContract, DoingItAgainChangesNothing) {
  const std::vector<PreferenceUpdate> updates = {
      this->update("u", prefers(kWashoku), {change({}, Standing::prefers(kWashoku))}),
      this->update("v", std::nullopt, {change(Standing::prefers(kYoshoku), {})})};
  value_of(this->store().put_preferences(updates));
  const auto changes = this->changes_of();
  value_of(this->store().put_preferences(updates));
  EXPECT_EQ(this->changes_of(), changes);
  EXPECT_EQ(changes.size(), 2U);
  EXPECT_EQ(this->users_of(kWashoku), (std::vector<std::string>{"u"}));
}

TYPED_TEST(PreferenceStoreContract, ASegmentIsReadByUserBytesBehindAUser) {
  for (const char* user : {"b", "aa", "a", "a b", "é"})
    value_of(this->store().put_preferences({this->update(user, prefers(kWashoku))}));
  PreferenceUpdate elsewhere = this->update("c", prefers(kWashoku));
  elsewhere.bucket = Bucket(kBucket + 1);
  value_of(this->store().put_preferences({elsewhere}));
  value_of(this->store().put_preferences({this->update("x", prefers(MenuType("washoku2")))}));

  EXPECT_EQ(this->users_of(kWashoku), (std::vector<std::string>{"a", "a b", "aa", "b", "é"}));
  EXPECT_EQ(this->users_of(kWashoku, UserId("a")),
            (std::vector<std::string>{"a b", "aa", "b", "é"}));
  EXPECT_EQ(this->users_of(kWashoku, UserId("ab")), (std::vector<std::string>{"b", "é"}));
  EXPECT_EQ(this->users_of(kWashoku, UserId("é")), (std::vector<std::string>{}));
  EXPECT_EQ(this->users_of(kWashoku, std::nullopt, kBucket + 1), (std::vector<std::string>{"c"}));
}

TYPED_TEST(PreferenceStoreContract, ChangesAreReadByUserWithinADay) {
  const BusinessDay next_day = kJudgedDay + std::chrono::days(1);
  const Standing washoku = Standing::prefers(kWashoku);
  const Standing yoshoku = Standing::prefers(kYoshoku);
  value_of(this->store().put_preferences(
      {this->update("b", prefers(kWashoku), {change({}, washoku)}),
       this->update("a", prefers(kYoshoku),
                    {change({}, washoku), change(washoku, yoshoku, next_day)}),
       this->update("c", undecided(kWashoku), {change(washoku, Standing::undecided())})}));
  this->engine.reopen();
  EXPECT_EQ(this->changes_of(),
            (std::vector<UserChange>{
                {.user_id = UserId("a"), .change = change({}, washoku)},
                {.user_id = UserId("b"), .change = change({}, washoku)},
                {.user_id = UserId("c"), .change = change(washoku, Standing::undecided())}}));
  EXPECT_EQ(this->changes_of(next_day),
            (std::vector<UserChange>{
                {.user_id = UserId("a"), .change = change(washoku, yoshoku, next_day)}}));
}

TYPED_TEST(PreferenceStoreContract, AChangeReplacedByNoChangeVanishes) {
  const Standing washoku = Standing::prefers(kWashoku);
  const Standing yoshoku = Standing::prefers(kYoshoku);
  value_of(
      this->store().put_preferences({this->update("u", prefers(kWashoku), {change({}, washoku)})}));
  // The preference is the same as before; the change is not.
  value_of(this->store().put_preferences(
      {this->update("u", prefers(kWashoku), {change(washoku, washoku)})}));
  EXPECT_TRUE(this->changes_of().empty());
  value_of(this->store().put_preferences(
      {this->update("u", prefers(kWashoku), {change(yoshoku, washoku)})}));
  EXPECT_EQ(
      this->changes_of(),
      (std::vector<UserChange>{{.user_id = UserId("u"), .change = change(yoshoku, washoku)}}));
}

TYPED_TEST(PreferenceStoreContract, ALargeSegmentComesInPages) {
  std::vector<PreferenceUpdate> updates;
  for (int i = 0; i < 5'000; ++i)
    updates.push_back(this->update(fmt::format("{:05}", i), prefers(kWashoku)));
  value_of(this->store().put_preferences(updates));
  const auto rows = all_rows(this->store().segment(kWashoku, Bucket(kBucket), std::nullopt), 333);
  ASSERT_EQ(rows.size(), 5'000U);
  for (int i = 0; i < 5'000; ++i)
    EXPECT_EQ(rows[static_cast<std::size_t>(i)].user_id, UserId(fmt::format("{:05}", i)));
}

TYPED_TEST(PreferenceStoreContract, StraysAreTakenAway) {
  const UserId stray("stray");
  const UserId other("other");
  const Standing washoku = Standing::prefers(kWashoku);
  for (const UserId& user : {stray, other}) {
    value_of(this->store().put_counts(
        {{user,
          {.day = kJudgedDay, .counts = {{kWashoku, 1, instant(1)}}, .version = Version(1)}}}));
    value_of(this->store().put_preferences(
        {this->update(user.value(), prefers(kWashoku), {change(Standing(), washoku)})}));
  }
  const Version version = VersionSum().under(Generation(1));
  for (int times = 0; times < 2; ++times) {
    value_of(this->store().remove_strays({.members = {{kWashoku, Bucket(kBucket), stray}},
                                          .changes = {{kJudgedDay, Bucket(kBucket), stray}},
                                          .counts = {{stray, kJudgedDay}},
                                          .preferences = {stray}},
                                         version));
  }
  this->engine.reopen();
  EXPECT_EQ(this->users_of(kWashoku), std::vector<std::string>{"other"});
  EXPECT_EQ(this->preference_of(stray), std::nullopt);
  EXPECT_TRUE(this->preference_of(other).has_value());
  EXPECT_EQ(this->changes_of(),
            (std::vector<UserChange>{{.user_id = other, .change = change(Standing(), washoku)}}));
  const std::vector<UserId> users = {stray, other};
  const auto counts = value_of(this->store().counts_of(users));
  EXPECT_TRUE(counts[0].empty() || counts[0].front().counts.empty());
  EXPECT_EQ(counts[1].front().counts.size(), 1U);
}

TYPED_TEST(PreferenceStoreContract, AnErasedUserLeavesNothing) {
  const auto counts = [](int days, std::uint64_t version) {
    return UserDayCounts{.day = kJudgedDay + std::chrono::days(days),
                         .counts = {{kWashoku, 3, instant(0)}},
                         .version = Version(version)};
  };
  const PreferenceChange first = change({}, Standing::prefers(kWashoku));
  value_of(this->store().put_counts(
      {{UserId("u"), counts(0, 5)}, {UserId("u"), counts(1, 6)}, {UserId("v"), counts(0, 7)}}));
  value_of(this->store().put_preferences({this->update("u", prefers(kWashoku), {first}),
                                          this->update("v", prefers(kWashoku), {first})}));
  const ErasedUser erased{
      .user_id = UserId("u"),
      .bucket = Bucket(kBucket),
      .types = {kWashoku, kYoshoku},
      .days = {{kJudgedDay, Version(6)}, {kJudgedDay + std::chrono::days(1), Version(7)}},
      .version = Version(10)};
  for (int i = 0; i < 2; ++i) {
    value_of(this->store().erase(erased));
    this->engine.reopen();
    const std::vector<UserId> users = {UserId("u"), UserId("v")};
    EXPECT_EQ(value_of(this->store().counts_of(users)),
              (std::vector<std::vector<UserDayCounts>>{{}, {counts(0, 7)}}));
    EXPECT_EQ(this->preference_of(UserId("u")), std::nullopt);
    EXPECT_NE(this->preference_of(UserId("v")), std::nullopt);
    EXPECT_EQ(this->users_of(kWashoku), (std::vector<std::string>{"v"}));
    const auto changes = all_rows(this->store().changes(kJudgedDay, Bucket(kBucket)));
    ASSERT_EQ(changes.size(), 1U) << "not even a row that says nothing";
    EXPECT_EQ(changes.front().user_id, UserId("v"));
  }
  // Whoever comes again is counted again, with higher versions than what went.
  value_of(this->store().put_counts({{UserId("u"), counts(0, 20)}}));
  PreferenceUpdate again = this->update("u", prefers(kYoshoku), {first});
  again.version = Version(21);
  value_of(this->store().put_preferences({again}));
  EXPECT_EQ(this->users_of(kYoshoku), (std::vector<std::string>{"u"}));
  EXPECT_EQ(value_of(this->store().counts_of(std::vector<UserId>{UserId("u")})),
            (std::vector<std::vector<UserDayCounts>>{{counts(0, 20)}}));
}

}  // namespace
}  // namespace konomi::contract
