#include "simulate/demo.h"

#include "base/clock.h"
#include "domain/timestamp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::simulate {
namespace {

BusinessCalendar calendar_from(std::string_view zone, int day_starts_at_hour) {
  return BusinessCalendar::make(zone, std::chrono::hours(day_starts_at_hour)).value();
}

DemoRestaurant restaurant(std::uint64_t seed = 1) {
  return {seed, calendar_from("Asia/Tokyo", 0)};
}

BusinessDay date(std::string_view text) {
  return parse_business_day(text).value();
}

Timestamp instant(std::string_view text) {
  return parse_rfc3339(text).value();
}

// From a Monday to a Sunday.
std::vector<Order> eight_weeks_of_demo() {
  const DemoRestaurant demo = restaurant();
  std::vector<Order> out;
  for (int i = 0; i < 56; ++i) {
    for (Order& order : demo.orders_of(date("2025-03-31") + std::chrono::days(i))) {
      out.push_back(std::move(order));
    }
  }
  return out;
}

TEST(DemoRestaurant, ADayFollowsFromTheSeedTheCalendarAndTheDateAlone) {
  const BusinessDay day = date("2025-05-31");
  const DemoRestaurant one = restaurant();
  const auto orders = one.orders_of(day);
  EXPECT_EQ(orders, one.orders_of(day));
  EXPECT_EQ(orders, restaurant().orders_of(day));
  const std::set<OrderId> ids = [&] {
    std::set<OrderId> out;
    for (const Order& order : orders) out.insert(order.order_id);
    return out;
  }();
  EXPECT_EQ(ids.size(), orders.size());
  for (const DemoRestaurant& other :
       {restaurant(2), DemoRestaurant(1, calendar_from("Europe/Berlin", 0)),
        DemoRestaurant(1, calendar_from("Asia/Tokyo", 5))}) {
    for (const Order& order : other.orders_of(day)) EXPECT_FALSE(ids.contains(order.order_id));
  }
}

TEST(DemoRestaurant, StaysTheSameFromVersionToVersion) {
  const Order first = restaurant().orders_of(date("2025-05-31")).front();
  EXPECT_EQ(first.order_id.value() + " " + first.user_id.value() + " " +
                to_rfc3339(first.ordered_at) + " " + first.menu_type.value(),
            "demo-f1a285d3-20250531-0001 guest-427592 2025-05-30T15:00:17.893Z yoshoku");
}

TEST(DemoRestaurant, OrdersOfADayLieInItAndAscendWhereverTheClocksChange) {
  for (const auto& [zone, hour] : {std::pair{"Asia/Tokyo", 5}, {"Europe/Berlin", 2}}) {
    const BusinessCalendar calendar = calendar_from(zone, hour);
    const DemoRestaurant demo(1, calendar);
    for (const auto* text : {"2025-03-30", "2025-10-26", "2025-06-01", "1970-01-01"}) {
      const auto orders = demo.orders_of(date(text));
      ASSERT_GT(orders.size(), 300U);
      EXPECT_TRUE(std::ranges::is_sorted(orders, {}, &Order::ordered_at));
      EXPECT_EQ(calendar.day_of(orders.front().ordered_at), date(text));
      EXPECT_EQ(calendar.day_of(orders.back().ordered_at), date(text));
    }
  }
}

TEST(DemoRestaurant, DaysAreAlikeButForTheRhythmOfTheWeek) {
  const DemoRestaurant demo = restaurant();
  std::array<double, 7> by_weekday{};
  for (int i = 0; i < 10 * 7; ++i) {
    const BusinessDay day = date("2025-03-31") + std::chrono::days(i);
    const auto orders = static_cast<double>(demo.orders_of(day).size());
    EXPECT_GT(orders, 350);
    EXPECT_LT(orders, 800);
    by_weekday[std::chrono::weekday(day.date()).c_encoding()] += orders;
  }
  EXPECT_GT(by_weekday[5], by_weekday[2] * 1.15);
  EXPECT_GT(by_weekday[6], by_weekday[2] * 1.05);
  // Years later it is the same restaurant.
  EXPECT_NEAR(static_cast<double>(demo.orders_of(date("2030-05-31")).size()), by_weekday[5] / 10,
              150);
}

TEST(DemoRestaurant, HasPeaksAtNoonAndInTheEveningAndIsNeverSilentForLong) {
  std::array<int, 24> by_hour{};
  const BusinessCalendar calendar = calendar_from("Asia/Tokyo", 0);
  for (const Order& order : eight_weeks_of_demo()) {
    ++by_hour[static_cast<std::size_t>(calendar.hour_of(order.ordered_at))];
  }
  EXPECT_EQ(std::max_element(by_hour.begin(), by_hour.begin() + 16) - by_hour.begin(), 12);
  EXPECT_EQ(std::max_element(by_hour.begin() + 16, by_hour.end()) - by_hour.begin(), 19);
  EXPECT_GT(by_hour[12], 2 * by_hour[15]);
  for (std::size_t hour = 0; hour < 24; ++hour) {
    const double an_hour = by_hour[hour] / 56.0;
    EXPECT_GT(an_hour, hour >= 7 && hour < 22 ? 8 : 3) << hour;
  }
}

TEST(DemoRestaurant, HasRegularsWithHabitsNewGuestsAndSomeWhoChangeTaste) {
  struct Seen {
    std::size_t first = 0;
    std::map<MenuType, int> types;
    std::array<std::map<MenuType, int>, 2> halves;
  };
  std::map<UserId, Seen> guests;
  const auto orders = eight_weeks_of_demo();
  for (std::size_t i = 0; i < orders.size(); ++i) {
    Seen& seen = guests.try_emplace(orders[i].user_id, Seen{.first = i}).first->second;
    ++seen.types[orders[i].menu_type];
    ++seen.halves[i * 2 / orders.size()][orders[i].menu_type];
  }
  const auto most = [](const std::map<MenuType, int>& types) {
    return *std::ranges::max_element(types, {}, [](const auto& each) { return each.second; });
  };
  int regulars = 0, with_habits = 0, changed = 0, late = 0;
  for (const auto& [id, seen] : guests) {
    late += seen.first > orders.size() * 3 / 4;
    int visits = 0;
    for (const auto& [type, count] : seen.types) visits += count;
    if (visits < 10) continue;
    ++regulars;
    with_habits += most(seen.types).second * 2 > visits;
    if (seen.halves[0].empty() || seen.halves[1].empty()) continue;
    changed += most(seen.halves[0]).first != most(seen.halves[1]).first;
  }
  EXPECT_GT(regulars, 500);
  EXPECT_GT(with_habits, regulars * 6 / 10);
  EXPECT_GT(changed, regulars / 50);
  EXPECT_LT(changed, regulars / 3);
  EXPECT_GT(late, 100) << "guests who came for the first time in the last two weeks";
}

TEST(DemoFeed, HandsOutEachOrderWhenItsTimeComesAndGoesOnDayAfterDay) {
  const DemoRestaurant demo = restaurant();
  DemoFeed feed(demo, date("2025-05-30"));
  std::vector<Order> expected = demo.orders_of(date("2025-05-30"));
  std::ranges::copy(demo.orders_of(date("2025-05-31")), std::back_inserter(expected));
  ManualClock clock(instant("2025-05-30T00:00:00+09:00"));
  std::vector<Order> found;
  while (found.size() < expected.size()) {
    for (Order& order : feed.due(clock.now(), 100)) {
      EXPECT_LE(order.ordered_at, clock.now());
      EXPECT_GT(order.ordered_at, clock.now() - std::chrono::minutes(10));
      found.push_back(std::move(order));
    }
    EXPECT_GT(feed.next_at(), clock.now());
    clock.advance(std::chrono::minutes(10));
  }
  EXPECT_EQ(found, expected);
  EXPECT_LE(clock.now(), instant("2025-06-01T00:10:00+09:00"));
}

TEST(DemoFeed, CatchesUpInPartsWithWhatItWasNotAskedFor) {
  const DemoRestaurant demo = restaurant();
  const Timestamp now = instant("2025-05-31T12:30:00+09:00");
  DemoFeed whole(demo, date("2025-05-25")), in_parts(demo, date("2025-05-25"));
  std::vector<Order> parts;
  while (true) {
    auto part = in_parts.due(now, 100);
    if (part.empty()) break;
    EXPECT_LE(part.size(), 100U);
    std::ranges::move(part, std::back_inserter(parts));
  }
  EXPECT_EQ(parts, whole.due(now, 1'000'000));
  EXPECT_LE(parts.back().ordered_at, now);
}

TEST(DemoBegins, WithTheWholeHistoryOrWithTheLastDayThatHasOrders) {
  const BusinessDay today = date("2025-05-31");
  EXPECT_EQ(demo_begins(today, 60, {}), date("2025-04-01"));
  EXPECT_EQ(demo_begins(today, 60, date("2025-05-20")), date("2025-05-20"));
  EXPECT_EQ(demo_begins(today, 60, today), today);
  EXPECT_EQ(demo_begins(today, 60, date("2024-05-20")), date("2025-04-01"));
  EXPECT_EQ(demo_begins(today, 60, date("2025-06-03")), today);
}

TEST(DemoMenuTypes, AreWellFormedAndThoseOfTheOrders) {
  std::set<MenuType> types;
  for (const MenuTypeEntry& entry : demo_menu_types()) {
    EXPECT_TRUE(check_menu_type_entry(entry));
    EXPECT_FALSE(entry.label_ja.empty());
    EXPECT_FALSE(entry.label_en.empty());
    types.insert(entry.id);
  }
  std::set<MenuType> ordered;
  for (const Order& order : restaurant().orders_of(date("2025-05-31"))) {
    ordered.insert(order.menu_type);
  }
  EXPECT_EQ(ordered, types);
}

TEST(DemoMenuTypes, LabelsAreMissingWhereNobodyHasSetAnything) {
  const auto ids = [](const std::vector<MenuTypeEntry>& entries) {
    std::vector<std::string> out;
    for (const MenuTypeEntry& entry : entries) out.push_back(entry.id.value());
    return out;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(missing_labels(initial_menu_types())), (Ids{"chuka", "cafe", "ethnic"}));
  auto catalogue = initial_menu_types();
  catalogue.push_back({.id = MenuType("chuka")});
  catalogue.push_back({.id = MenuType("ramen")});
  catalogue.push_back({.id = MenuType("cafe"), .label_ja = "喫茶"});
  catalogue.push_back({.id = MenuType("ethnic"), .hidden = true});
  EXPECT_EQ(ids(missing_labels(catalogue)), (Ids{"chuka"}));
  EXPECT_TRUE(missing_labels(demo_menu_types()).empty());
}

}  // namespace
}  // namespace konomi::simulate
