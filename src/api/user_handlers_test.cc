#include "api/test_restaurant.h"
#include "rest/page_cursor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string orders_cursor_of(std::string_view body) {
  constexpr std::string_view kKey = "\"next_cursor\":\"";
  const std::size_t at = body.find(kKey);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = body.substr(at + kKey.size());
  return std::string(rest.substr(0, rest.find('"')));
}

// "date/order_id" of every order listed.
std::vector<std::string> orders_of(std::string_view body) {
  std::vector<std::string> orders;
  for (std::size_t at = body.find("\"order_id\":\""); at != std::string_view::npos;) {
    const std::size_t id = at + 12;
    const std::size_t date = body.find("\"date\":\"", at) + 8;
    orders.push_back(
        fmt::format("{}/{}", body.substr(date, 10), body.substr(id, body.find('"', id) - id)));
    at = body.find("\"order_id\":\"", date);
  }
  return orders;
}

TEST(User, ShowsThePreferenceAndEverythingBehindIt) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/users/u1"),
            R"({"user_id":"u1","preference":{"user_id":"u1","menu_type":"washoku","orders":2,)"
            R"("total_orders":3,"share":0.6667,"runner_up":"yoshoku","runner_up_orders":1,)"
            R"("tied":false,"since":"2025-05-31","confidence":0.6875,)"
            R"("last_ordered_at":"2025-06-01T03:00:00.000Z"},"undecided":false,)"
            R"("counts":[{"menu_type":"washoku","orders":2,)"
            R"("last_ordered_at":"2025-05-31T10:00:00.000Z"},{"menu_type":"yoshoku","orders":1,)"
            R"("last_ordered_at":"2025-06-01T03:00:00.000Z"}],)"
            R"("days":[{"date":"2025-05-31","counts":[{"menu_type":"washoku","count":2}]},)"
            R"({"date":"2025-06-01","counts":[{"menu_type":"yoshoku","count":1}]}],)"
            R"("changes":[{"date":"2025-05-31","from":null,"to":"washoku"}]})");
}

TEST(User, WithAnIdThatNeedsEncodingIsFound) {
  TestRestaurant restaurant;
  restaurant.take("a/b c%", "washoku", "2025-05-31T12:00:00+09:00");
  restaurant.count();
  const http::Response response = restaurant.get("/api/v1/users/a%2Fb%20c%25");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.body, HasSubstr(R"({"user_id":"a/b c%","preference":{)"));
}

TEST(User, ShowsEveryChangeOfSegment) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  restaurant.take("u1", "yoshoku", "2025-06-02T08:00:00+09:00");
  restaurant.count();
  EXPECT_THAT(restaurant.body_of("/api/v1/users/u1"),
              HasSubstr(R"("changes":[{"date":"2025-05-31","from":null,"to":"washoku"},)"
                        R"({"date":"2025-06-02","from":"washoku","to":"yoshoku"}]})"));
}

TEST(User, CountsTheFavouriteFirstAlsoWhenTied) {
  TestRestaurant restaurant;
  restaurant.take("u1", "chuka", "2025-05-31T12:00:00+09:00");
  restaurant.take("u1", "yoshoku", "2025-05-31T19:00:00+09:00");
  restaurant.take("u1", "washoku", "2025-05-31T12:00:00+09:00");
  restaurant.count();
  const std::string body = restaurant.body_of("/api/v1/users/u1");
  EXPECT_THAT(body, HasSubstr(R"("preference":{"user_id":"u1","menu_type":"yoshoku","orders":1,)"));
  EXPECT_THAT(body, HasSubstr(R"("tied":true)"));
  EXPECT_THAT(body, HasSubstr(R"("counts":[{"menu_type":"yoshoku","orders":1,)"
                              R"("last_ordered_at":"2025-05-31T10:00:00.000Z"},)"
                              R"({"menu_type":"chuka","orders":1,)"
                              R"("last_ordered_at":"2025-05-31T03:00:00.000Z"},)"
                              R"({"menu_type":"washoku","orders":1,)"));
}

TEST(User, WithTooFewOrdersIsUndecided) {
  TestRestaurant restaurant(PreferenceRules{.min_orders = 2});
  restaurant.take("u1", "washoku", "2025-05-31T12:00:00+09:00");
  restaurant.count();
  EXPECT_EQ(restaurant.body_of("/api/v1/users/u1"),
            R"({"user_id":"u1","preference":null,"undecided":true,)"
            R"("counts":[{"menu_type":"washoku","orders":1,)"
            R"("last_ordered_at":"2025-05-31T03:00:00.000Z"}],)"
            R"("days":[{"date":"2025-05-31","counts":[{"menu_type":"washoku","count":1}]}],)"
            R"("changes":[]})");
}

TEST(User, WhoCancelledEverythingHasNoPreference) {
  TestRestaurant restaurant;
  restaurant.take("u1", "washoku", "2025-05-31T12:00:00+09:00", "a", OrderStatus::cancelled);
  restaurant.count();
  EXPECT_EQ(restaurant.body_of("/api/v1/users/u1"),
            R"({"user_id":"u1","preference":null,"undecided":false,"counts":[],"days":[],)"
            R"("changes":[]})");
}

TEST(User, WhoIsUnknownIsNotFound) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  for (const std::string path : {"/api/v1/users/u9", "/api/v1/users/u9/orders"}) {
    const http::Response response = restaurant.get(path);
    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr(R"(user \"u9\")"));
  }
}

TEST(UserOrders, AreListedNewestDayFirst) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/users/u1/orders"),
            R"({"user_id":"u1","orders":[)"
            R"({"order_id":"a","ordered_at":"2025-06-01T03:00:00.000Z","menu_type":"yoshoku",)"
            R"("status":"placed","date":"2025-06-01"},)"
            R"({"order_id":"a","ordered_at":"2025-05-31T03:00:00.000Z","menu_type":"washoku",)"
            R"("status":"placed","date":"2025-05-31"},)"
            R"({"order_id":"b","ordered_at":"2025-05-31T10:00:00.000Z","menu_type":"washoku",)"
            R"("status":"placed","date":"2025-05-31"}],"next_cursor":null})");
}

TEST(UserOrders, DateIsTheRestaurantsDay) {
  TestRestaurant restaurant;
  restaurant.take("u1", "washoku", "2025-05-31T16:00:00Z", "a");
  restaurant.count();
  EXPECT_THAT(orders_of(restaurant.body_of("/api/v1/users/u1/orders")),
              ElementsAre("2025-06-01/a"));
}

TEST(UserOrders, ShowCancelledOnesWithoutAMenuType) {
  TestRestaurant restaurant;
  restaurant.take("u1", "", "2025-05-31T12:00:00+09:00", "a", OrderStatus::cancelled);
  restaurant.count();
  EXPECT_EQ(restaurant.body_of("/api/v1/users/u1/orders"),
            R"({"user_id":"u1","orders":[{"order_id":"a",)"
            R"("ordered_at":"2025-05-31T03:00:00.000Z","menu_type":null,"status":"cancelled",)"
            R"("date":"2025-05-31"}],"next_cursor":null})");
}

TEST(UserOrders, ShowWhatIsStoredAndNotCountedYet) {
  TestRestaurant restaurant;
  restaurant.take("new", "washoku", "2025-06-02T08:00:00+09:00", "first");
  EXPECT_THAT(orders_of(restaurant.body_of("/api/v1/users/new/orders")),
              ElementsAre("2025-06-02/first"));
  EXPECT_EQ(restaurant.get("/api/v1/users/nobody/orders").status, 404U);

  serve_two_days(restaurant);
  restaurant.take("u1", "washoku", "2025-06-02T08:30:00+09:00", "late");
  EXPECT_THAT(orders_of(restaurant.body_of("/api/v1/users/u1/orders")),
              ElementsAre("2025-06-02/late", "2025-06-01/a", "2025-05-31/a", "2025-05-31/b"));
}

TEST(UserOrders, ComeOnceEachWhateverThePageSize) {
  TestRestaurant restaurant;
  std::vector<std::string> all;
  for (int day = 9; day >= 1; --day) {
    for (int i = 0; i < 5; ++i) {
      const std::string id = fmt::format("o{}", i);
      restaurant.take("u1", "washoku", fmt::format("2025-05-0{}T12:00:00+09:00", day), id);
      all.push_back(fmt::format("2025-05-0{}/{}", day, id));
    }
  }
  restaurant.count();
  for (const int limit : {1, 4, 5, 44, 45, 1000}) {
    std::vector<std::string> found;
    const std::string target = fmt::format("/api/v1/users/u1/orders?limit={}", limit);
    std::string cursor;
    do {
      const std::string body =
          restaurant.body_of(cursor.empty() ? target : target + "&cursor=" + cursor);
      const std::vector<std::string> orders = orders_of(body);
      ASSERT_THAT(orders, Not(testing::IsEmpty()));
      found.insert(found.end(), orders.begin(), orders.end());
      cursor = orders_cursor_of(body);
      ASSERT_LE(found.size(), all.size()) << "the pages do not end";
    } while (!cursor.empty());
    EXPECT_EQ(found, all) << limit;
  }
}

TEST(UserOrders, CursorOfAnotherUserIsRefused) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  const std::string cursor =
      orders_cursor_of(restaurant.body_of("/api/v1/users/u1/orders?limit=1"));
  EXPECT_EQ(restaurant.get("/api/v1/users/u1/orders?cursor=" + cursor).status, 200U);
  EXPECT_EQ(restaurant.get("/api/v1/users/u2/orders?cursor=" + cursor).status, 400U);
  EXPECT_EQ(restaurant.get("/api/v1/users/u1/orders?cursor=" + cursor + "A").status, 400U);
}

TEST(UserOrders, ForgedCursorWithoutAPositionIsRefused) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  const std::string cursor = rest::encode_cursor("orders of a user\nu1", "?");
  const http::Response response = restaurant.get("/api/v1/users/u1/orders?cursor=" + cursor);
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(response.body, HasSubstr("holds no position"));
}

TEST(UserOrders, RefuseALimitThatCannotBeMeant) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.get("/api/v1/users/u1/orders?limit=0").status, 400U);
  EXPECT_EQ(restaurant.get("/api/v1/users/u1/orders?limit=1001").status, 400U);
}

}  // namespace
}  // namespace konomi::api
