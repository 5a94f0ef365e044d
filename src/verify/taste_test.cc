#include "verify/taste.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace konomi::verify {
namespace {

BusinessDay day(int n) {
  return BusinessDay::from_days_since_1970(20'000 + n);
}

Timestamp at(int day, int minute) {
  return Timestamp(std::chrono::days(20'000 + day) + std::chrono::minutes(minute));
}

struct Ordered {
  int day;
  std::string type;
  int minute;
};

std::vector<Taste> tastes_of(const std::vector<Ordered>& orders, TypeNames& names) {
  std::vector<Taste> tastes;
  for (const auto& [of_day, type, minute] : orders)
    tastes.push_back(
        {.day = day(of_day), .type = names.number_of(type), .last = at(of_day, minute)});
  return tastes;
}

TEST(Judge, SaysNothingAboutNobody) {
  const TypeNames names;
  const Judgement judgement = judge({}, names, 1);
  EXPECT_FALSE(judgement.preference);
  EXPECT_TRUE(judgement.changes.empty());
}

TEST(Judge, ATieGoesToTheLatestOrderThenToTheSmallerName) {
  TypeNames names;
  const auto judged = [&](const std::vector<Ordered>& orders) {
    return judge(tastes_of(orders, names), names, 1).preference.value().menu_type.value();
  };
  EXPECT_EQ(judged({{1, "washoku", 5}, {1, "yoshoku", 6}}), "yoshoku");
  EXPECT_EQ(judged({{1, "yoshoku", 5}, {1, "washoku", 5}}), "washoku");
  EXPECT_EQ(judged({{1, "yoshoku", 5}, {1, "washoku", 6}, {2, "yoshoku", 1}}), "yoshoku");
}

// The two ways to judge agree, whatever the orders are.
TEST(Judge, SaysWhatTheRulesOfTheDomainSay) {
  std::mt19937 random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 2'000; ++round) {
    TypeNames names;
    std::vector<Ordered> orders;
    std::map<int, std::map<std::string, TypeCount>> counted;
    for (int i = pick(12); i > 0; --i) {
      orders.push_back({pick(4), std::string(1, static_cast<char>('a' + pick(3))), pick(5)});
      TypeCount& count = counted[orders.back().day][orders.back().type];
      count.menu_type = MenuType(orders.back().type);
      ++count.orders;
      count.last_ordered_at =
          std::max(count.last_ordered_at, at(orders.back().day, orders.back().minute));
    }
    std::vector<UserDayCounts> days;
    for (const auto& [of_day, types] : counted) {
      UserDayCounts& counts = days.emplace_back(UserDayCounts{.day = day(of_day)});
      for (const auto& [type, count] : types) counts.counts.push_back(count);
    }
    const auto min_orders = static_cast<std::uint64_t>(1 + pick(3));
    const PreferenceHistory expected = derive_preference(days, {.min_orders = min_orders});
    const Judgement judgement = judge(tastes_of(orders, names), names, min_orders);
    ASSERT_EQ(judgement.changes, expected.changes);
    ASSERT_EQ(judgement.preference.has_value(), expected.current.has_value());
    if (expected.current) {
      ASSERT_TRUE(same(*judgement.preference, *expected.current))
          << describe(judgement.preference) << " / " << describe(expected.current);
    }
  }
}

TEST(Confidence, IsThatOfTheDomainForFewAndForManyOrders) {
  for (std::uint64_t a = 1; a < 60; ++a) {
    for (std::uint64_t b = 0; b <= a; ++b) {
      EXPECT_TRUE(is_confidence(confidence_e4(a, b), a, b)) << a << " " << b;
      EXPECT_FALSE(is_confidence(confidence_e4(a, b) + 2, a, b)) << a << " " << b;
    }
  }
  for (const auto& [a, b] : {std::pair(100'000, 99'900), {2'000'000, 1'999'000}, {500, 0}})
    EXPECT_TRUE(is_confidence(confidence_e4(a, b), a, b)) << a << " " << b;
}

}  // namespace
}  // namespace konomi::verify
