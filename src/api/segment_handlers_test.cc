#include "api/test_restaurant.h"
#include "rest/answer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace konomi::api {
namespace {

constexpr std::string_view kPreferenceCsvHeader =
    "user_id,menu_type,orders,total_orders,share,runner_up,runner_up_orders,tied,since,confidence,"
    "last_ordered_at\n";

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

// Every value of a text member, in order: enough JSON for these answers.
std::vector<std::string> texts_of(std::string_view body, std::string_view member) {
  const std::string key = fmt::format("\"{}\":\"", member);
  std::vector<std::string> texts;
  for (std::size_t at = body.find(key); at != std::string_view::npos; at = body.find(key, at)) {
    at += key.size();
    texts.emplace_back(body.substr(at, body.find('"', at) - at));
  }
  return texts;
}

std::vector<std::string> users_of(std::string_view body) {
  return texts_of(body, "user_id");
}

std::optional<std::string> next_cursor_of(std::string_view body) {
  const std::vector<std::string> cursors = texts_of(body, "next_cursor");
  if (!cursors.empty()) return cursors.front();
  EXPECT_THAT(body, EndsWith("\"next_cursor\":null}"));
  return std::nullopt;
}

struct Walk {
  std::vector<std::string> users;
  std::vector<std::size_t> page_sizes;
};

// Follows the cursors from the first page to the last.
Walk walk(TestRestaurant& restaurant, const std::string& first_page) {
  Walk walk;
  std::string target = first_page;
  while (walk.page_sizes.size() < 10'000) {
    const http::Response response = restaurant.get(target);
    EXPECT_EQ(response.status, 200U) << response.body;
    const std::vector<std::string> users = users_of(response.body);
    walk.users.insert(walk.users.end(), users.begin(), users.end());
    walk.page_sizes.push_back(users.size());
    const std::optional<std::string> cursor = next_cursor_of(response.body);
    if (!cursor) return walk;
    target = first_page + "&cursor=" + *cursor;
  }
  ADD_FAILURE() << "the pages do not end";
  return walk;
}

void serve_users(TestRestaurant& restaurant, const std::vector<std::string>& users) {
  for (const std::string& user : users) {
    restaurant.take(user, "washoku", "2025-05-31T12:00:00+09:00");
  }
  restaurant.count();
}

// "user-0" … in no order of their bytes.
std::vector<std::string> numbered_users(int count) {
  std::vector<std::string> users;
  for (int i = 0; i < count; ++i) users.push_back(fmt::format("user-{}", i));
  return users;
}

std::size_t drain(http::BodySource& source, std::string& body) {
  std::size_t largest = 0;
  std::string piece;
  while (true) {
    const Result<bool> more = source(piece);
    EXPECT_TRUE(more.has_value());
    if (!more || !*more) return largest;
    largest = std::max(largest, piece.size());
    body += piece;
  }
}

TEST(UserSegments, ListEveryTypeOfTheCatalogueWithoutData) {
  TestRestaurant restaurant;
  const http::Response response = restaurant.get("/api/user_segments");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"segments":[{"menu_type":"washoku","user_ids":[],"count":0},)"
                           R"({"menu_type":"yoshoku","user_ids":[],"count":0}]})");
}

TEST(UserSegments, ListUsersByTheBytesOfTheirIds) {
  TestRestaurant restaurant;
  for (const std::string user : {"u10", "b", "和", "U2", "\"q\"", "u1", "é"}) {
    restaurant.take(user, "washoku", "2025-05-31T12:00:00+09:00");
  }
  restaurant.take("x", "chuka", "2025-05-31T12:00:00+09:00");
  restaurant.count();
  EXPECT_EQ(restaurant.body_of("/api/user_segments"),
            R"({"segments":[{"menu_type":"washoku",)"
            R"("user_ids":["\"q\"","U2","b","u1","u10","é","和"],"count":7},)"
            R"({"menu_type":"yoshoku","user_ids":[],"count":0},)"
            R"({"menu_type":"chuka","user_ids":["x"],"count":1}]})");
}

TEST(UserSegments, OfManyUsersAreStreamedInSmallPieces) {
  TestRestaurant restaurant;
  serve_users(restaurant, numbered_users(20'000));
  http::Response response = restaurant.answer(http::Method::head, "/api/user_segments");
  ASSERT_TRUE(static_cast<bool>(response.stream));
  EXPECT_LT(response.body.size(), rest::kPieceBytes + 1024);
  std::string body = response.body;
  EXPECT_LT(drain(response.stream, body), rest::kPieceBytes + 1024);
  EXPECT_THAT(body, HasSubstr(R"("user-9999"],"count":20000},)"));
  EXPECT_THAT(body, EndsWith(R"({"menu_type":"yoshoku","user_ids":[],"count":0}]})"));
}

TEST(UserSegments, ThatCannotBeReadToTheEndAreCut) {
  TestRestaurant restaurant;
  serve_users(restaurant, numbered_users(20'000));
  http::Response response = restaurant.answer(http::Method::head, "/api/user_segments");
  ASSERT_TRUE(static_cast<bool>(response.stream));
  restaurant.engine.fail_next("cursor.next", 1,
                              {.error = {.code = ErrorCode::timed_out, .message = "no answer"}});
  std::string piece;
  Result<bool> more = true;
  while (more && *more) more = response.stream(piece);
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().code, ErrorCode::timed_out);
}

TEST(UserSegments, ThatCannotBeReadAtAllAreAnErrorOfTheFirstVersion) {
  TestRestaurant restaurant;
  restaurant.engine.fail_next("cursor.next", 1,
                              {.error = {.code = ErrorCode::unavailable, .message = "no answer"}});
  const http::Response response = restaurant.get("/api/user_segments");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.body, R"({"error":"no answer"})");
}

TEST(Segments, AreEmptyWithoutData) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/segments"),
            R"({"segments":[{"menu_type":"washoku","users":0,"share":0},)"
            R"({"menu_type":"yoshoku","users":0,"share":0}],)"
            R"("undecided":0,"users":0,"day":null,"computed_at":null})");
}

TEST(Segments, AreTheSumsOfTheDaysMoves) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/segments"),
            R"({"segments":[{"menu_type":"washoku","users":1,"share":0.3333},)"
            R"({"menu_type":"yoshoku","users":1,"share":0.3333},)"
            R"({"menu_type":"Americano with Milk","users":1,"share":0.3333}],)"
            R"("undecided":0,"users":3,"day":"2025-06-01",)"
            R"("computed_at":"2025-06-02T00:00:00.000Z"})");
}

TEST(Segments, FollowAUserWhoMoved) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  restaurant.take("u1", "yoshoku", "2025-06-02T08:00:00+09:00");
  restaurant.take("u1", "yoshoku", "2025-06-02T08:30:00+09:00");
  restaurant.count();
  EXPECT_THAT(restaurant.body_of("/api/v1/segments"),
              StartsWith(R"({"segments":[{"menu_type":"washoku","users":0,"share":0},)"
                         R"({"menu_type":"yoshoku","users":2,"share":0.6667},)"));
}

TEST(Segments, CountUndecidedUsersApart) {
  TestRestaurant restaurant(PreferenceRules{.min_orders = 2});
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/segments"),
            R"({"segments":[{"menu_type":"washoku","users":1,"share":0.3333},)"
            R"({"menu_type":"yoshoku","users":0,"share":0},)"
            R"({"menu_type":"Americano with Milk","users":0,"share":0}],)"
            R"("undecided":2,"users":3,"day":"2025-06-01",)"
            R"("computed_at":"2025-06-02T00:00:00.000Z"})");
}

TEST(Segments, AreSummedOverMoreDaysThanOneReadGives) {
  TestRestaurant restaurant;
  for (int i = 0; i < 1000; ++i) {
    DaySummary day{.day = BusinessDay::from_days_since_1970(18'262 + 2 * i)};
    day.moves[{Standing(), Standing::prefers(MenuType("washoku"))}] = 3;
    day.moves[{Standing::prefers(MenuType("washoku")), Standing::prefers(MenuType("yoshoku"))}] = 1;
    day.moves[{Standing::prefers(MenuType("yoshoku")), Standing()}] = i % 2;
    ASSERT_TRUE(restaurant.engine.summary_store().put_day(day).has_value());
  }
  EXPECT_THAT(restaurant.body_of("/api/v1/segments"),
              AllOf(StartsWith(R"({"segments":[{"menu_type":"washoku","users":2000,"share":0.8},)"
                               R"({"menu_type":"yoshoku","users":500,"share":0.2}],)"),
                    HasSubstr(R"("users":2500,"day":"2025-06-21")")));
}

TEST(SegmentUsers, ShowThePreferenceWithItsEvidence) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  const http::Response response = restaurant.get("/api/v1/segments/washoku/users");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"({"menu_type":"washoku","users":[{"user_id":"u1","menu_type":"washoku","orders":2,)"
            R"("total_orders":3,"share":0.6667,"runner_up":"yoshoku","runner_up_orders":1,)"
            R"("tied":false,"since":"2025-05-31","confidence":0.6875,)"
            R"("last_ordered_at":"2025-06-01T03:00:00.000Z"}],"next_cursor":null})");
}

TEST(SegmentUsers, OfAPercentEncodedMenuType) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/segments/Americano%20with%20Milk/users"),
            R"({"menu_type":"Americano with Milk","users":[{"user_id":"u,3",)"
            R"("menu_type":"Americano with Milk","orders":1,"total_orders":1,"share":1,)"
            R"("runner_up":null,"runner_up_orders":0,"tied":false,"since":"2025-06-01",)"
            R"("confidence":0.75,"last_ordered_at":"2025-05-31T23:00:00.000Z"}],)"
            R"("next_cursor":null})");
}

TEST(SegmentUsers, OfAnEmptySegmentAreNone) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/segments/yoshoku/users"),
            R"({"menu_type":"yoshoku","users":[],"next_cursor":null})");
}

TEST(SegmentUsers, OfATypeThatIsNotInTheCatalogueAreNotFound) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  for (const std::string suffix : {"", "?format=csv"}) {
    const http::Response response = restaurant.get("/api/v1/segments/ramen/users" + suffix);
    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr(R"(menu type \"ramen\")"));
  }
}

TEST(SegmentUsers, ComeOnceEachAndInOrderWhateverThePageSize) {
  TestRestaurant restaurant;
  std::vector<std::string> users = numbered_users(1000);
  serve_users(restaurant, users);
  std::ranges::sort(users);
  for (const std::size_t limit : {1U, 7U, 100U, 1000U}) {
    const Walk pages =
        walk(restaurant, fmt::format("/api/v1/segments/washoku/users?limit={}", limit));
    EXPECT_EQ(pages.users, users) << limit;
    EXPECT_EQ(pages.page_sizes.size(), (1000 + limit - 1) / limit);
  }
}

TEST(SegmentUsers, AreAHundredAPageByDefault) {
  TestRestaurant restaurant;
  serve_users(restaurant, numbered_users(101));
  EXPECT_EQ(users_of(restaurant.body_of("/api/v1/segments/washoku/users")).size(), 100U);
}

TEST(SegmentUsers, GoOnAfterTheCursorWhenTheDataChanged) {
  TestRestaurant restaurant;
  serve_users(restaurant, {"a", "b", "c", "d", "e"});
  const std::string target = "/api/v1/segments/washoku/users?limit=2";
  const std::string first = restaurant.body_of(target);
  EXPECT_THAT(users_of(first), ElementsAre("a", "b"));
  const std::string cursor = next_cursor_of(first).value_or("");

  // The cursor's own user leaves, so does one to come, and three join on either side.
  for (const std::string user : {"b", "d"}) {
    restaurant.take(user, "yoshoku", "2025-06-01T12:00:00+09:00");
    restaurant.take(user, "yoshoku", "2025-06-01T13:00:00+09:00");
  }
  for (const std::string user : {"aa", "bb", "cc"}) {
    restaurant.take(user, "washoku", "2025-06-01T12:00:00+09:00");
  }
  restaurant.count();
  const std::string second = restaurant.body_of(target + "&cursor=" + cursor);
  EXPECT_THAT(users_of(second), ElementsAre("bb", "c"));
  EXPECT_THAT(
      users_of(restaurant.body_of(target + "&cursor=" + next_cursor_of(second).value_or(""))),
      ElementsAre("cc", "e"));
}

TEST(SegmentUsers, CursorThatWasTamperedWithIsRefused) {
  TestRestaurant restaurant;
  serve_users(restaurant, numbered_users(3));
  const std::string target = "/api/v1/segments/washoku/users?limit=1";
  std::string cursor = next_cursor_of(restaurant.body_of(target)).value_or("");
  ASSERT_EQ(restaurant.get(target + "&cursor=" + cursor).status, 200U);
  cursor[cursor.size() / 2] = cursor[cursor.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {cursor, std::string(), std::string("user-1")}) {
    const http::Response response = restaurant.get(target + "&cursor=" + bad);
    EXPECT_EQ(response.status, 400U);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr("cursor \\\"" + bad + "\\\""));
  }
}

TEST(SegmentUsers, CursorOfAnotherListIsRefused) {
  TestRestaurant restaurant;
  serve_users(restaurant, numbered_users(3));
  const std::string cursor =
      next_cursor_of(restaurant.body_of("/api/v1/segments/washoku/users?limit=1")).value_or("");
  for (const std::string other :
       {"yoshoku/users?", "washoku/users?min_orders=1&", "washoku/users?min_confidence=0.5&",
        "washoku/users?ordered_since=2025-05-31&"}) {
    EXPECT_EQ(restaurant.get("/api/v1/segments/" + other + "cursor=" + cursor).status, 400U);
  }
  EXPECT_EQ(restaurant.get("/api/v1/users/user-0/orders?cursor=" + cursor).status, 400U);
}

TEST(SegmentUsers, CursorIsGoodForAnotherLimitAndTheSameFilterWrittenOtherwise) {
  TestRestaurant restaurant;
  serve_users(restaurant, {"a", "b", "c"});
  const std::string cursor =
      next_cursor_of(
          restaurant.body_of("/api/v1/segments/washoku/users?limit=1&min_confidence=0.7"))
          .value_or("");
  EXPECT_THAT(users_of(restaurant.body_of(
                  "/api/v1/segments/washoku/users?limit=5&min_confidence=0.70&cursor=" + cursor)),
              ElementsAre("b", "c"));
}

TEST(SegmentUsers, CanBeFiltered) {
  TestRestaurant restaurant;
  restaurant.take("once", "washoku", "2025-05-31T12:00:00+09:00");
  for (int i = 0; i < 3; ++i) restaurant.take("thrice", "washoku", "2025-05-31T12:00:00+09:00");
  for (int i = 0; i < 3; ++i) restaurant.take("unsure", "washoku", "2025-06-01T12:00:00+09:00");
  for (int i = 0; i < 2; ++i) restaurant.take("unsure", "yoshoku", "2025-05-31T12:00:00+09:00");
  restaurant.count();
  const auto with = [&](const std::string& filter) {
    return users_of(restaurant.body_of("/api/v1/segments/washoku/users?" + filter));
  };
  EXPECT_THAT(with(""), ElementsAre("once", "thrice", "unsure"));
  EXPECT_THAT(with("min_orders=3"), ElementsAre("thrice", "unsure"));
  EXPECT_THAT(with("min_orders=4"), IsEmpty());
  // Confidence: once 0.75, thrice 0.9375, unsure 0.6563.
  EXPECT_THAT(with("min_confidence=0.75"), ElementsAre("once", "thrice"));
  EXPECT_THAT(with("min_confidence=0.75001"), ElementsAre("thrice"));
  EXPECT_THAT(with("min_confidence=0.9375"), ElementsAre("thrice"));
  EXPECT_THAT(with("min_confidence=1"), IsEmpty());
  EXPECT_THAT(with("min_confidence=0&min_orders=3&ordered_since=2025-06-01"),
              ElementsAre("unsure"));
}

TEST(SegmentUsers, OrderedSinceIsTheRestaurantsDay) {
  TestRestaurant restaurant;
  restaurant.take("before", "washoku", "2025-05-31T23:59:59.999+09:00");
  restaurant.take("after", "washoku", "2025-06-01T00:00:00+09:00");
  restaurant.count();
  EXPECT_THAT(
      users_of(restaurant.body_of("/api/v1/segments/washoku/users?ordered_since=2025-06-01")),
      ElementsAre("after"));
  EXPECT_THAT(
      users_of(restaurant.body_of("/api/v1/segments/washoku/users?ordered_since=1970-01-01")),
      ElementsAre("after", "before"));
  EXPECT_THAT(
      users_of(restaurant.body_of("/api/v1/segments/washoku/users?ordered_since=9999-12-31")),
      IsEmpty());
}

TEST(SegmentUsers, RefuseFiltersThatCannotBeMeant) {
  TestRestaurant restaurant;
  for (const std::string bad :
       {"limit=0", "limit=1001", "limit=ten", "min_orders=-1", "min_confidence=1.5",
        "min_confidence=90%25", "ordered_since=2025-13-01", "format=xml", "format="}) {
    const http::Response response = restaurant.get("/api/v1/segments/washoku/users?" + bad);
    EXPECT_EQ(response.status, 400U) << bad;
    EXPECT_THAT(response.body, HasSubstr(bad.substr(0, bad.find('='))));
    EXPECT_THAT(response.body, HasSubstr("expected"));
  }
}

TEST(SegmentUsers, PageEndsWhenTooMuchWasReadAndHasANextOne) {
  TestRestaurant restaurant({}, 10);
  serve_users(restaurant, numbered_users(95));
  restaurant.take("user-50", "washoku", "2025-06-01T12:00:00+09:00");
  restaurant.take("user-94", "washoku", "2025-06-01T12:00:00+09:00");
  restaurant.count();
  const Walk pages = walk(restaurant, "/api/v1/segments/washoku/users?min_orders=2&limit=5");
  EXPECT_THAT(pages.users, ElementsAre("user-50", "user-94"));
  EXPECT_EQ(pages.page_sizes.size(), 10U);
}

TEST(SegmentCsv, HasAHeaderAlsoWithoutUsers) {
  TestRestaurant restaurant;
  const http::Response response = restaurant.get("/api/v1/segments/washoku/users?format=csv");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(response.body, kPreferenceCsvHeader);
  EXPECT_THAT(response.headers, Contains(Pair("Content-Disposition",
                                              "attachment; filename=\"segment-washoku.csv\"")));
}

TEST(SegmentCsv, QuotesWhatNeedsQuotesAndNothingElse) {
  TestRestaurant restaurant;
  for (const std::string user : {"a,b", "say \"hi\"", "=1+1", "和 食", "'plain'"}) {
    restaurant.take(user, "Tea, hot", "2025-05-31T12:00:00+09:00");
  }
  restaurant.take("=1+1", "Tea \"iced\"", "2025-05-31T11:00:00+09:00");
  restaurant.count();
  const std::string rest = ",1,1,1,,0,false,2025-05-31,0.75,2025-05-31T03:00:00.000Z\n";
  EXPECT_EQ(restaurant.body_of("/api/v1/segments/Tea%2C%20hot/users?format=csv"),
            std::string(kPreferenceCsvHeader) + "'plain',\"Tea, hot\"" + rest +
                "=1+1,\"Tea, hot\",1,2,0.5,\"Tea \"\"iced\"\"\",1,true,2025-05-31,0.5,"
                "2025-05-31T03:00:00.000Z\n"
                "\"a,b\",\"Tea, hot\"" +
                rest + "\"say \"\"hi\"\"\",\"Tea, hot\"" + rest + "和 食,\"Tea, hot\"" + rest);
}

TEST(SegmentCsv, IsAlsoAskedForByAccept) {
  TestRestaurant restaurant;
  const auto type_for = [&](std::string accept) {
    return restaurant.get("/api/v1/segments/washoku/users", {{"accept", std::move(accept)}})
        .content_type;
  };
  EXPECT_EQ(type_for("text/csv"), "text/csv; charset=utf-8");
  EXPECT_EQ(type_for("text/csv;q=0.9, */*"), "text/csv; charset=utf-8");
  EXPECT_EQ(type_for("application/json"), "application/json");
  EXPECT_EQ(type_for("*/*"), "application/json");
  EXPECT_EQ(restaurant.get("/api/v1/segments/washoku/users?format=json", {{"accept", "text/csv"}})
                .content_type,
            "application/json");
}

TEST(SegmentCsv, HasAFileNameThatEverySystemTakes) {
  TestRestaurant restaurant;
  for (const std::string type : {"Americano with Milk", "和食", "a\"b/../c"}) {
    restaurant.take("u1", type, "2025-05-31T12:00:00+09:00");
  }
  const auto header_for = [&](const std::string& type) {
    return restaurant.get("/api/v1/segments/" + type + "/users?format=csv").headers.at(0).second;
  };
  EXPECT_EQ(header_for("Americano%20with%20Milk"),
            "attachment; filename=\"segment-Americano-with-Milk.csv\"");
  EXPECT_EQ(header_for("%E5%92%8C%E9%A3%9F"), "attachment; filename=\"segment.csv\"");
  EXPECT_EQ(header_for("a%22b%2F..%2Fc"), "attachment; filename=\"segment-a-b-c.csv\"");
}

TEST(SegmentCsv, StreamsTheWholeFilteredListWhateverTheLimit) {
  TestRestaurant restaurant({}, 10);
  std::vector<std::string> users = numbered_users(3000);
  serve_users(restaurant, users);
  restaurant.take("new", "washoku", "2025-06-01T12:00:00+09:00");
  restaurant.count();
  http::Response response = restaurant.answer(
      http::Method::head, "/api/v1/segments/washoku/users?format=csv&limit=1&min_orders=1");
  ASSERT_TRUE(static_cast<bool>(response.stream));
  std::string body = response.body;
  EXPECT_LT(drain(response.stream, body), rest::kPieceBytes + 1024);
  EXPECT_EQ(std::ranges::count(body, '\n'), 3002);

  EXPECT_EQ(
      restaurant.body_of("/api/v1/segments/washoku/users?format=csv&ordered_since=2025-06-01"),
      std::string(kPreferenceCsvHeader) +
          "new,washoku,1,1,1,,0,false,2025-06-01,0.75,2025-06-01T03:00:00.000Z\n");
}

}  // namespace
}  // namespace konomi::api
