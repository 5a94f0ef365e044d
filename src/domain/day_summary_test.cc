#include "domain/day_summary.h"

#include "domain/timestamp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace konomi {
namespace {

Order order(const std::string& user, const std::string& id, const std::string& type) {
  return {.user_id = UserId(user),
          .order_id = OrderId(id),
          .ordered_at = Timestamp(std::chrono::minutes(7)),
          .menu_type = MenuType(type)};
}

TEST(DayFigures, ChecksumDoesNotDependOnTheOrderOfArrival) {
  std::vector<Order> orders;
  for (int i = 0; i < 100; ++i)
    orders.push_back(
        order("u" + std::to_string(i % 7), "o" + std::to_string(i), i % 3 ? "a" : "b"));
  DayFigures one, other, half;
  for (const Order& o : orders) one.add(o, 12);
  std::shuffle(orders.begin(), orders.end(), std::mt19937(1));
  for (std::size_t i = 0; i < orders.size(); ++i) (i < 50 ? other : half).add(orders[i], 12);
  other.add(half);
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.orders, 100U);
  EXPECT_EQ(one.types.at(MenuType("b")).by_hour[12], 34U);
}

TEST(DayFigures, FingerprintTellsFieldsApart) {
  EXPECT_NE(order_fingerprint(order("ab", "c", "t")), order_fingerprint(order("a", "bc", "t")));
  EXPECT_NE(order_fingerprint(order("a", "b", "t")), order_fingerprint(order("a", "b", "u")));
  // A stored checksum is compared across versions: this value may never change.
  EXPECT_EQ(order_fingerprint(order("u1", "T-1", "washoku")), 0x4d26e3feb28b1d0eU);
}

TEST(Marks, AHigherOrNewMarkIsDirty) {
  const Marks counted{{LogPartition(0), LogOffset(5)}};
  EXPECT_FALSE(is_dirty(counted, counted));
  EXPECT_FALSE(is_dirty({}, counted));
  EXPECT_TRUE(is_dirty({{LogPartition(0), LogOffset(6)}}, counted));
  EXPECT_TRUE(is_dirty({{LogPartition(1), LogOffset(0)}}, counted));
}

TEST(DayState, FollowsTheDaysLife) {
  using std::chrono::hours;
  const Timestamp begin = parse_rfc3339("2025-05-31T00:00:00Z").value();
  DayStateInput input{.day = {begin, begin + hours(24)},
                      .allowance = hours(1),
                      .now = begin + hours(23),
                      .stored_up_to = begin + hours(23)};
  EXPECT_EQ(day_standing(input, nullptr, 1), (DayStanding{DayState::open, 0}));
  input.now = input.stored_up_to = begin + hours(24);
  EXPECT_EQ(day_standing(input, nullptr, 1), (DayStanding{DayState::preliminary, 0}));
  input.now = begin + hours(25);
  EXPECT_EQ(day_standing(input, nullptr, 1), (DayStanding{DayState::preliminary, 0}))
      << "the log is not stored that far";
  input.stored_up_to = begin + hours(25);
  EXPECT_EQ(day_standing(input, nullptr, 1), (DayStanding{DayState::final, 0}));

  DaySummary stored{.state = DayState::final};
  stored.figures.checksum = 1;
  EXPECT_EQ(day_standing(input, &stored, 1), (DayStanding{DayState::final, 0}));
  EXPECT_EQ(day_standing(input, &stored, 2), (DayStanding{DayState::revised, 1}));
  stored.state = DayState::revised, stored.revision = 1;
  EXPECT_EQ(day_standing(input, &stored, 1), (DayStanding{DayState::revised, 1}));
  EXPECT_EQ(day_standing(input, &stored, 9), (DayStanding{DayState::revised, 2}));
}

}  // namespace
}  // namespace konomi
