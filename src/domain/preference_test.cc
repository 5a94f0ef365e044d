#include "domain/preference.h"

#include <gtest/gtest.h>

#include <random>

namespace konomi {
namespace {

Timestamp minute(int n) {
  return Timestamp(std::chrono::minutes(n));
}
UserDayCounts on_day(int day, std::vector<TypeCount> counts) {
  return {.day = BusinessDay::from_days_since_1970(day),
          .counts = std::move(counts),
          .version = Version(1)};
}
TypeCount count(const char* type, std::uint64_t orders, int last_minute) {
  return {.menu_type = MenuType(type), .orders = orders, .last_ordered_at = minute(last_minute)};
}

TEST(Preference, IsTheTypeWithMostOrders) {
  const std::vector days{on_day(1, {count("washoku", 2, 5), count("yoshoku", 1, 9)})};
  const auto history = derive_preference(days, {});
  ASSERT_TRUE(history.current);
  EXPECT_EQ(history.current->menu_type, MenuType("washoku"));
  EXPECT_EQ(history.current->orders, 2U);
  EXPECT_EQ(history.current->total_orders, 3U);
  EXPECT_EQ(history.current->runner_up, MenuType("yoshoku"));
  EXPECT_FALSE(history.current->tied);
  EXPECT_EQ(history.current->last_ordered_at, minute(9));
}

TEST(Preference, ATieGoesToTheLatestOrderThenToTheSmallerName) {
  const std::vector later{on_day(1, {count("a", 1, 5), count("b", 1, 6)})};
  EXPECT_EQ(derive_preference(later, {}).current->menu_type, MenuType("b"));
  EXPECT_TRUE(derive_preference(later, {}).current->tied);
  const std::vector same_instant{on_day(1, {count("a", 1, 5), count("b", 1, 5)})};
  EXPECT_EQ(derive_preference(same_instant, {}).current->menu_type, MenuType("a"));
}

TEST(Preference, ChangesAreWhatDiffersFromTheDayBefore) {
  const std::vector days{on_day(1, {count("a", 1, 1)}), on_day(2, {count("a", 1, 2)}),
                         on_day(5, {count("b", 3, 9)}), on_day(6, {})};
  const auto history = derive_preference(days, {});
  ASSERT_EQ(history.changes.size(), 2U);
  EXPECT_EQ(history.changes[0],
            (PreferenceChange{days[0].day, Standing(), Standing::prefers(MenuType("a"))}));
  EXPECT_EQ(history.changes[1], (PreferenceChange{days[2].day, Standing::prefers(MenuType("a")),
                                                  Standing::prefers(MenuType("b"))}));
  EXPECT_EQ(history.current->since, days[2].day);
  EXPECT_EQ(history.current->version, Version(4));
}

TEST(Preference, NoPlacedOrderIsNoPreference) {
  const std::vector days{on_day(1, {})};
  EXPECT_FALSE(derive_preference(days, {}).current);
  EXPECT_TRUE(derive_preference(days, {}).changes.empty());
  EXPECT_FALSE(derive_preference({}, {}).current);
}

TEST(Preference, IsUndecidedUnderMinOrders) {
  const std::vector days{on_day(1, {count("a", 2, 1)}), on_day(2, {count("a", 1, 2)})};
  const auto history = derive_preference(days, {.min_orders = 3});
  ASSERT_EQ(history.changes.size(), 2U);
  EXPECT_EQ(history.changes[0].to, Standing::undecided());
  EXPECT_EQ(history.changes[1].to, Standing::prefers(MenuType("a")));
  EXPECT_TRUE(derive_preference(std::vector{days[0]}, {.min_orders = 3}).current->undecided);
}

// Exact values: 1 − I(1/2; a + 1, b + 1) is the probability of at most a heads in a + b + 1 fair
// tosses.
TEST(Preference, ConfidenceIsTheBetaPosterior) {
  EXPECT_EQ(confidence_e4(1, 1), 5000U);
  EXPECT_EQ(confidence_e4(1, 0), 7500U);
  EXPECT_EQ(confidence_e4(2, 0), 8750U);
  EXPECT_EQ(confidence_e4(3, 1), 8125U);
  EXPECT_EQ(confidence_e4(10, 0), 9995U);
  EXPECT_EQ(confidence_e4(1'000'000, 0), 10'000U);
}

// The law: the current preference, and the moves summed up, do not depend on how the orders are
// split into days before the last change.
TEST(Preference, TheLastChangeLeadsToTheCurrentStanding) {
  std::mt19937_64 random(3);
  const char* const types[] = {"a", "b", "c"};
  for (int run = 0; run < 2'000; ++run) {
    std::vector<UserDayCounts> days;
    for (int day = 0; day < 8; ++day) {
      std::vector<TypeCount> counts;
      for (const char* type : types) {
        if (const auto n = random() % 3; n > 0)
          counts.push_back(count(type, n, day * 1440 + static_cast<int>(random() % 1440)));
      }
      days.push_back(on_day(day, std::move(counts)));
    }
    const auto history = derive_preference(days, {.min_orders = 1 + random() % 4});
    Standing standing;
    for (const auto& change : history.changes) {
      EXPECT_EQ(change.from, standing);
      EXPECT_NE(change.from, change.to);
      standing = change.to;
    }
    EXPECT_EQ(standing, Standing::of(history.current));
    std::uint64_t total = 0;
    for (const auto& sum : total_counts(days)) total += sum.orders;
    EXPECT_EQ(history.current ? history.current->total_orders : 0, total);
  }
}

}  // namespace
}  // namespace konomi
