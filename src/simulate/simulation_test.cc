#include "simulate/simulation.h"

#include "domain/preference.h"
#include "domain/timestamp.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

namespace konomi::simulate {
namespace {

BusinessCalendar tokyo() {
  return BusinessCalendar::make("Asia/Tokyo", std::chrono::minutes(0)).value();
}

BusinessDay day(std::string_view text) {
  return parse_business_day(text).value();
}

std::vector<Order> all(History history) {
  std::vector<Order> out;
  while (auto order = history.next()) out.push_back(std::move(*order));
  return out;
}

// Eight weeks from a Monday to a Sunday.
HistoryPlan eight_weeks(std::optional<std::uint64_t> orders = std::nullopt) {
  return {.first = day("2025-03-31"), .last = day("2025-05-25"), .end = {}, .orders = orders};
}

TEST(History, TheSameSeedGivesTheSameOrders) {
  const auto once = all(History({.seed = 7}, eight_weeks(), tokyo()));
  const auto again = all(History({.seed = 7}, eight_weeks(), tokyo()));
  const auto other = all(History({.seed = 8}, eight_weeks(), tokyo()));
  EXPECT_GT(once.size(), 1'000U);
  EXPECT_EQ(once, again);
  EXPECT_NE(once, other);
}

TEST(History, StaysTheSameFromVersionToVersion) {
  const auto orders = all(History({.seed = 7, .guests = 20}, eight_weeks(50), tokyo()));
  ASSERT_EQ(orders.size(), 50U);
  EXPECT_EQ(orders[0].user_id.value() + " " + to_rfc3339(orders[0].ordered_at) + " " +
                orders[0].menu_type.value(),
            "guest-0004 2025-04-01T07:27:00.835Z washoku");
}

TEST(History, MakesExactlyTheOrdersAskedForWithinItsDays) {
  const auto calendar = tokyo();
  const auto orders = all(History({}, eight_weeks(12'345), calendar));
  EXPECT_EQ(orders.size(), 12'345U);
  std::set<OrderId> ids;
  Timestamp last{};
  for (const Order& order : orders) {
    EXPECT_GE(calendar.day_of(order.ordered_at), day("2025-03-31"));
    EXPECT_LE(calendar.day_of(order.ordered_at), day("2025-05-25"));
    EXPECT_TRUE(ids.insert(order.order_id).second);
    EXPECT_GE(order.ordered_at, last);
    last = order.ordered_at;
  }
}

TEST(History, MakesNoOrderAfterItsEnd) {
  HistoryPlan plan = eight_weeks(2'000);
  plan.end = parse_rfc3339("2025-05-25T13:00:00+09:00").value();
  const auto orders = all(History({}, plan, tokyo()));
  EXPECT_EQ(orders.size(), 2'000U);
  EXPECT_LT(orders.back().ordered_at, *plan.end);
  EXPECT_EQ(tokyo().day_of(orders.back().ordered_at), plan.last);
}

TEST(History, HasNoOrdersOnADayOfWhichNothingHasPassed) {
  HistoryPlan plan{.first = day("2025-05-25"), .last = day("2025-05-25"), .end = {}, .orders = 10};
  plan.end = parse_rfc3339("2025-05-25T03:00:00+09:00").value();
  EXPECT_TRUE(all(History({}, plan, tokyo())).empty());
}

TEST(History, HasLunchAndDinnerPeaksAndAQuietNight) {
  std::array<int, 24> by_hour{};
  const auto calendar = tokyo();
  for (const Order& order : all(History({}, eight_weeks(20'000), calendar))) {
    ++by_hour[static_cast<std::size_t>(calendar.hour_of(order.ordered_at))];
  }
  EXPECT_EQ(std::max_element(by_hour.begin(), by_hour.begin() + 16) - by_hour.begin(), 12);
  EXPECT_EQ(std::max_element(by_hour.begin() + 16, by_hour.end()) - by_hour.begin(), 19);
  EXPECT_GT(by_hour[12], 3 * by_hour[15]);
  EXPECT_GT(by_hour[19], 3 * by_hour[15]);
  for (int hour = 0; hour < 11; ++hour) EXPECT_EQ(by_hour[static_cast<std::size_t>(hour)], 0);
}

TEST(History, WeekdaysDiffer) {
  std::map<BusinessDay, int> by_day;
  std::array<int, 7> by_weekday{};
  const auto calendar = tokyo();
  for (const Order& order : all(History({}, eight_weeks(20'000), calendar))) {
    const BusinessDay on = calendar.day_of(order.ordered_at);
    ++by_day[on];
    ++by_weekday[std::chrono::weekday(on.date()).c_encoding()];
  }
  EXPECT_EQ(by_day.size(), 56U);
  const auto friday = by_weekday[5], tuesday = by_weekday[2];
  EXPECT_GT(friday, tuesday * 5 / 4);
}

TEST(History, GuestsHaveFavouritesAndSomeChangeThem) {
  const std::vector<MenuTypeWeight> types = {{MenuType("a"), 1}, {MenuType("b"), 1}};
  std::map<UserId, std::map<bool, std::map<MenuType, int>>> counts;  // user → second half → type
  const auto orders =
      all(History({.guests = 100, .menu_types = types}, eight_weeks(20'000), tokyo()));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    ++counts[orders[i].user_id][i > orders.size() * 9 / 10][orders[i].menu_type];
  }
  const auto favours_a = [&](const UserId& user, bool late) {
    return counts[user][late][MenuType("a")] > counts[user][late][MenuType("b")];
  };
  int changed = 0, lopsided = 0;
  for (auto& [user, halves] : counts) {
    changed += favours_a(user, false) != favours_a(user, true);
    const int a = halves[false][MenuType("a")], b = halves[false][MenuType("b")];
    lopsided += std::max(a, b) > 2 * std::min(a, b);
  }
  EXPECT_GT(lopsided, 60);
  EXPECT_GE(changed, 3);
  EXPECT_LE(changed, 35);
}

TEST(History, WeightsDecideHowOftenATypeIsOrdered) {
  const std::vector<MenuTypeWeight> types = {{MenuType("much"), 9}, {MenuType("little"), 1}};
  std::map<MenuType, int> counts;
  for (const Order& order :
       all(History({.guests = 500, .menu_types = types}, eight_weeks(10'000), tokyo()))) {
    ++counts[order.menu_type];
  }
  EXPECT_GT(counts[MenuType("much")], 4 * counts[MenuType("little")]);
  EXPECT_GT(counts[MenuType("little")], 0);
}

TEST(History, DuplicatesAreTheSameOrderAgainAndLateOnesArriveLater) {
  const auto orders = all(History({.duplicates = 0.1, .late = 0.05}, eight_weeks(10'000), tokyo()));
  std::map<OrderId, Order> seen;
  int duplicates = 0, late = 0;
  Timestamp latest{};
  for (const Order& order : orders) {
    const auto [at, is_new] = seen.emplace(order.order_id, order);
    if (!is_new) {
      ++duplicates;
      EXPECT_EQ(at->second, order);
      continue;
    }
    late += latest - order.ordered_at > std::chrono::hours(1);
    latest = std::max(latest, order.ordered_at);
  }
  EXPECT_EQ(seen.size(), 10'000U);
  EXPECT_NEAR(duplicates, 1'000, 150);
  EXPECT_GT(late, 300);
}

TEST(History, OtherOptionsGiveOtherIds) {
  const auto a = all(History({}, eight_weeks(10), tokyo()));
  const auto b = all(History({}, eight_weeks(11), tokyo()));
  EXPECT_NE(a[0].order_id, b[0].order_id);
}

TEST(DaysFor, FillsDaysAtTheGuestsOwnPace) {
  EXPECT_EQ(days_for(1, 300), 1);
  const int days = days_for(10'000, 300);
  const HistoryPlan plan{.first = day("2025-05-25") - std::chrono::days(days - 1),
                         .last = day("2025-05-25"),
                         .end = {},
                         .orders = {}};
  const History at_their_pace({}, plan, tokyo());
  EXPECT_NEAR(static_cast<double>(at_their_pace.orders()), 10'000, 3'500);
}

TEST(Live, SendsAtTheRateAskedFor) {
  const Timestamp start = parse_rfc3339("2025-05-31T12:00:00Z").value();
  Live live({}, 50, start);
  std::size_t orders = 0;
  for (int tick = 1; tick <= 600; ++tick) {
    const Timestamp now = start + std::chrono::milliseconds(100 * tick);
    for (const Order& order : live.due(now, 1'000)) {
      EXPECT_LE(order.ordered_at, now);
      EXPECT_GT(order.ordered_at, now - std::chrono::milliseconds(101));
      ++orders;
    }
    EXPECT_FALSE(live.fell_behind());
  }
  EXPECT_NEAR(static_cast<double>(orders), 3'000, 250);
}

TEST(Live, DropsWhatASlowServerCannotTake) {
  const Timestamp start = parse_rfc3339("2025-05-31T12:00:00Z").value();
  Live live({}, 100, start);
  const auto late = live.due(start + std::chrono::minutes(10), 1'000);
  EXPECT_TRUE(live.fell_behind());
  EXPECT_LT(late.size(), 10U);
}

TEST(MenuTypes, ReadsWeights) {
  const auto types = parse_menu_types("washoku:5,Café: au lait:0.5,chuka").value();
  ASSERT_EQ(types.size(), 3U);
  EXPECT_EQ(types[0].weight, 5);
  EXPECT_EQ(types[1].type, MenuType("Café: au lait"));
  EXPECT_EQ(types[2].weight, 1);
  for (const auto* bad : {"", "a:", "a:0", "a:-1", "a:nan", "a,,b", "a:1x"}) {
    EXPECT_FALSE(parse_menu_types(bad)) << bad;
  }
}

}  // namespace
}  // namespace konomi::simulate
