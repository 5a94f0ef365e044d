#include "aggregate/user_judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::aggregate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

BusinessDay day(int n) {
  return BusinessDay::from_days_since_1970(n);
}
UserDayCounts on_day(int n, std::vector<std::pair<const char*, std::uint64_t>> counts,
                     std::uint64_t version = 1) {
  UserDayCounts result{.day = day(n), .version = Version(version)};
  for (const auto& [type, orders] : counts) {
    result.counts.push_back({.menu_type = MenuType(type),
                             .orders = orders,
                             .last_ordered_at = Timestamp(std::chrono::hours(24 * n))});
  }
  return result;
}
Standing prefers(const char* type) {
  return Standing::prefers(MenuType(type));
}
PreferenceUpdate judge(const std::vector<UserDayCounts>& counts, int recounted,
                       const std::optional<Preference>& stored = std::nullopt,
                       std::uint64_t min_orders = 1) {
  return judge_user(UserId("u"), Bucket(3), day(recounted), counts, stored,
                    {.preference = {.min_orders = min_orders}});
}

TEST(JudgeUser, WritesARowForEveryDayFromTheRecountedOneOn) {
  const auto update = judge(
      {on_day(1, {{"a", 1}}), on_day(2, {{"a", 1}}), on_day(3, {{"b", 5}}), on_day(4, {})}, 2);
  EXPECT_THAT(update.changes, ElementsAre(PreferenceChange{day(2), prefers("a"), prefers("a")},
                                          PreferenceChange{day(3), prefers("a"), prefers("b")},
                                          PreferenceChange{day(4), prefers("b"), prefers("b")}));
  EXPECT_EQ(update.current->menu_type, MenuType("b"));
  EXPECT_THAT(update.other_types, ElementsAre(MenuType("a")));
  EXPECT_EQ(update.version, Version(4));
  EXPECT_EQ(update.bucket, Bucket(3));
}

TEST(JudgeUser, TakesTheUserOutOfTheStoredTypeEvenIfNoOrderNamesItAnyMore) {
  Preference stored;
  stored.menu_type = MenuType("gone");
  const auto update = judge({on_day(1, {{"a", 1}})}, 1, stored);
  EXPECT_THAT(update.other_types, ElementsAre(MenuType("gone")));
}

TEST(JudgeUser, AUserWithoutPlacedOrdersIsInNoSegment) {
  Preference stored;
  stored.menu_type = MenuType("a");
  const auto update = judge({on_day(1, {}, 7)}, 1, stored);
  EXPECT_FALSE(update.current);
  EXPECT_THAT(update.other_types, ElementsAre(MenuType("a")));
  EXPECT_EQ(update.version, Version(7)) << "newer than what it replaces";
  EXPECT_THAT(update.changes, ElementsAre(PreferenceChange{day(1), Standing(), Standing()}));
}

TEST(JudgeUser, AnUndecidedUserIsInNoSegmentEither) {
  const auto update = judge({on_day(1, {{"a", 1}, {"b", 1}})}, 1, std::nullopt, 3);
  ASSERT_TRUE(update.current);
  EXPECT_TRUE(update.current->undecided);
  EXPECT_THAT(update.other_types, UnorderedElementsAre(MenuType("a"), MenuType("b")));
  EXPECT_THAT(update.changes,
              ElementsAre(PreferenceChange{day(1), Standing(), Standing::undecided()}));
}

TEST(JudgeUser, WritesNothingAboutDaysBeforeTheRecountedOne) {
  const auto update = judge({on_day(1, {{"a", 1}})}, 2);
  EXPECT_THAT(update.changes, IsEmpty());
}

}  // namespace
}  // namespace konomi::aggregate
