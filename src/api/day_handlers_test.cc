#include "api/test_restaurant.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace konomi::api {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kFirstDay =
    R"({"date":"2025-05-31","state":"preliminary","revision":0,)"
    R"("computed_at":"2025-06-02T00:00:00.000Z","counted_up_to":3,"orders":3,"users":2,)"
    R"("counts":[{"menu_type":"washoku","count":2},{"menu_type":"yoshoku","count":1},)"
    R"({"menu_type":"Americano with Milk","count":0}],)"
    R"("hours":[0,0,0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0,0,1,0,0,0,0]})";
constexpr std::string_view kSecondDay =
    R"({"date":"2025-06-01","state":"preliminary","revision":0,)"
    R"("computed_at":"2025-06-02T00:00:00.000Z","counted_up_to":5,"orders":2,"users":2,)"
    R"("counts":[{"menu_type":"washoku","count":0},{"menu_type":"yoshoku","count":1},)"
    R"({"menu_type":"Americano with Milk","count":1}],)"
    R"("hours":[0,0,0,0,0,0,0,0,1,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0]})";

std::string days_body(std::string_view from, std::string_view to, std::string_view days) {
  return "{\"from\":\"" + std::string(from) + "\",\"to\":\"" + std::string(to) + "\",\"days\":[" +
         std::string(days) + "]}";
}

// One order of each day from 2020-01-01 on.
void put_days(TestRestaurant& restaurant, int days) {
  for (int i = 0; i < days; ++i) {
    DaySummary summary{.day = BusinessDay::from_days_since_1970(18'262 + i)};
    summary.figures.types[MenuType("washoku")].orders = 1;
    summary.figures.orders = 1;
    ASSERT_TRUE(restaurant.engine.summary_store().put_day(summary).has_value());
  }
}

std::string dates_of(std::string_view body) {
  std::string dates;
  constexpr std::string_view kKey = "{\"date\":\"";
  for (std::size_t at = body.find(kKey); at != std::string_view::npos; at = body.find(kKey, at)) {
    at += kKey.size();
    dates += body.substr(at, 10);
    dates += ' ';
  }
  return dates;
}

TEST(Days, AreNoneWhereNothingWasCounted) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/days"), R"({"from":null,"to":null,"days":[]})");
  EXPECT_EQ(restaurant.body_of("/api/v1/days?from=2025-05-31"),
            days_body("2025-05-31", "2025-05-31", ""));
  EXPECT_EQ(restaurant.body_of("/api/v1/days?to=2025-05-31"),
            days_body("2025-05-01", "2025-05-31", ""));
}

TEST(Days, AreTheLastMonthOfTheDataByDefault) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  const http::Response response = restaurant.get("/api/v1/days");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, days_body("2025-05-02", "2025-06-01",
                                     std::string(kFirstDay) + "," + std::string(kSecondDay)));
}

TEST(Days, IncludeBothEndsOfTheRange) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/days?from=2025-05-31&to=2025-05-31"),
            days_body("2025-05-31", "2025-05-31", kFirstDay));
  EXPECT_EQ(restaurant.body_of("/api/v1/days?from=2025-06-01&to=2025-06-09"),
            days_body("2025-06-01", "2025-06-09", kSecondDay));
  EXPECT_EQ(restaurant.body_of("/api/v1/days?from=2025-06-02&to=2025-06-09"),
            days_body("2025-06-02", "2025-06-09", ""));
}

TEST(Days, FromPastTheDataAreNone) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/days?from=2025-07-01"),
            days_body("2025-07-01", "2025-07-01", ""));
}

TEST(Days, DoNotReachBackBefore1970) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/days?to=1970-01-10"),
            days_body("1970-01-01", "1970-01-10", ""));
  EXPECT_EQ(restaurant.body_of("/api/v1/days?to=9999-12-31"),
            days_body("9999-12-01", "9999-12-31", ""));
}

TEST(Days, IgnoreParametersTheyDoNotKnow) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/days?colour=red"), restaurant.body_of("/api/v1/days"));
}

TEST(Days, OfARangeThatCannotBeMeantAreRefused) {
  TestRestaurant restaurant;
  const http::Response bad_date = restaurant.get("/api/v1/days?from=2025-02-30");
  EXPECT_EQ(bad_date.status, 400U);
  EXPECT_EQ(bad_date.content_type, "application/problem+json");
  EXPECT_THAT(bad_date.body, AllOf(HasSubstr("from: "), HasSubstr(R"(\"2025-02-30\")")));

  EXPECT_EQ(restaurant.get("/api/v1/days?to=").status, 400U);

  const http::Response turned = restaurant.get("/api/v1/days?from=2025-06-02&to=2025-06-01");
  EXPECT_EQ(turned.status, 400U);
  EXPECT_THAT(turned.body, HasSubstr(R"(from \"2025-06-02\" is after to \"2025-06-01\")"));
}

TEST(Days, AreAtMost3700) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.get("/api/v1/days?from=2000-01-01&to=2010-02-16").status, 200U);
  const http::Response response = restaurant.get("/api/v1/days?from=2000-01-01&to=2010-02-17");
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(response.body, HasSubstr("is 3701 days; expected at most 3700"));
}

TEST(Days, OfYearsComeInOneAnswerInOrder) {
  TestRestaurant restaurant;
  put_days(restaurant, 400);
  const std::string dates =
      dates_of(restaurant.body_of("/api/v1/days?from=2019-01-01&to=2022-01-01"));
  EXPECT_EQ(dates.size(), 400 * 11U);
  EXPECT_THAT(dates, AllOf(StartsWith("2020-01-01 2020-01-02 "), EndsWith(" 2021-02-03 ")));
  EXPECT_THAT(dates, HasSubstr("2020-03-04 2020-03-05 2020-03-06"));
}

TEST(Days, AnswerThatTheStoreIsAway) {
  TestRestaurant restaurant;
  restaurant.engine.fail_next(
      "summary_store.days", 1,
      {.error = {.code = ErrorCode::unavailable, .message = "the store is away"}});
  const http::Response response = restaurant.get("/api/v1/days?from=2025-05-31&to=2025-06-01");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_THAT(response.body, HasSubstr("the store is away"));
}

TEST(Day, ShowsTheHoursOfEachMenuType) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/days/2025-06-01"),
            R"({"date":"2025-06-01","state":"preliminary","revision":0,)"
            R"("computed_at":"2025-06-02T00:00:00.000Z","counted_up_to":5,"orders":2,"users":2,)"
            R"("counts":[{"menu_type":"washoku","count":0,)"
            R"("hours":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]},)"
            R"({"menu_type":"yoshoku","count":1,)"
            R"("hours":[0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0]},)"
            R"({"menu_type":"Americano with Milk","count":1,)"
            R"("hours":[0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}],)"
            R"("hours":[0,0,0,0,0,0,0,0,1,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0]})");
}

TEST(Day, WithoutFiguresIsNotFound) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  const http::Response response = restaurant.get("/api/v1/days/2025-06-02");
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_THAT(response.body, HasSubstr("2025-06-02"));
}

TEST(Day, ThatIsNoDateIsRefused) {
  TestRestaurant restaurant;
  const http::Response response = restaurant.get("/api/v1/days/today");
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(response.body, HasSubstr(R"(\"today\")"));
}

TEST(DailyOrderSummaries, AreNullWithoutData) {
  TestRestaurant restaurant;
  const http::Response response = restaurant.get("/api/daily_order_summaries");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"summaries":null})");
}

TEST(DailyOrderSummaries, ShowOneDay) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(
      restaurant.body_of("/api/daily_order_summaries?date=2025-05-31"),
      R"({"summaries":[{"date":"2025-05-31","counts":[{"menu_type":"washoku","count":2},)"
      R"({"menu_type":"yoshoku","count":1},{"menu_type":"Americano with Milk","count":0}]}]})");
  EXPECT_EQ(restaurant.body_of("/api/daily_order_summaries?date=2025-06-02"),
            R"({"summaries":null})");
}

TEST(DailyOrderSummaries, ShowEveryDayNewestFirstWithoutADate) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  constexpr std::string_view kBoth =
      R"({"summaries":[{"date":"2025-06-01","counts":[{"menu_type":"washoku","count":0},)"
      R"({"menu_type":"yoshoku","count":1},{"menu_type":"Americano with Milk","count":1}]},)"
      R"({"date":"2025-05-31","counts":[{"menu_type":"washoku","count":2},)"
      R"({"menu_type":"yoshoku","count":1},{"menu_type":"Americano with Milk","count":0}]}]})";
  EXPECT_EQ(restaurant.body_of("/api/daily_order_summaries"), kBoth);
  EXPECT_EQ(restaurant.body_of("/api/daily_order_summaries?date="), kBoth);
}

TEST(DailyOrderSummaries, OfYearsWithGapsComeInOneAnswer) {
  TestRestaurant restaurant;
  put_days(restaurant, 300);
  DaySummary early{.day = BusinessDay::from_days_since_1970(0)};
  ASSERT_TRUE(restaurant.engine.summary_store().put_day(early).has_value());
  const std::string dates = dates_of(restaurant.body_of("/api/daily_order_summaries"));
  EXPECT_EQ(dates.size(), 301 * 11U);
  EXPECT_THAT(dates, AllOf(StartsWith("2020-10-26 2020-10-25 "),
                           EndsWith(" 2020-01-02 2020-01-01 1970-01-01 ")));
}

TEST(DailyOrderSummaries, RefuseABadDateInTheShapeOfTheFirstVersion) {
  TestRestaurant restaurant;
  const http::Response response = restaurant.get("/api/daily_order_summaries?date=yesterday");
  EXPECT_EQ(response.status, 400U);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(response.body, AllOf(StartsWith(R"({"error":"date: expected a date)"),
                                   Not(HasSubstr("about:blank"))));
}

TEST(DailyOrderSummaries, SayThatTheStoreIsAwayInTheShapeOfTheFirstVersion) {
  TestRestaurant restaurant;
  restaurant.engine.fail_next(
      "summary_store.days_range", 1,
      {.error = {.code = ErrorCode::unavailable, .message = "the store is away"}});
  const http::Response response = restaurant.get("/api/daily_order_summaries");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.body, R"({"error":"the store is away"})");
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Retry-After", "1")));
}

}  // namespace
}  // namespace konomi::api
