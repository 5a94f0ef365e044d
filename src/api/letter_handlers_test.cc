#include "api/letter_handlers.h"

#include "api/test_restaurant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Headers kJsonBody = {{"content-type", "application/json"}};

DeadLetter letter(std::uint64_t offset, std::string value, std::string reason) {
  return {.position = {LogPartition(3), LogOffset(offset)},
          .key = "u1",
          .value = std::move(value),
          .headers = {{"till", "4"}},
          .logged_at = Timestamp(std::chrono::seconds(1'748'649'600)),
          .reason = std::move(reason),
          .message = "why it failed",
          .failed_at = Timestamp(std::chrono::seconds(1'748'649'601)),
          .history = {}};
}

// 3-1: an order of an unknown type; 3-2: bytes that are nothing.
void fill(TestRestaurant& restaurant) {
  ASSERT_TRUE(restaurant.engine.dead_letters().put(
      {letter(1,
              R"({"order_id":"o1","user_id":"u1","ordered_at":"2025-05-31T12:00:00+09:00",)"
              R"("menu_type":"washok"})",
              "unknown_menu_type"),
       letter(2, std::string("\xff\x00\x01", 3), "unreadable")}));
}

http::Response post(TestRestaurant& restaurant, std::string_view path, std::string_view body) {
  return restaurant.answer(http::Method::post, path, kJsonBody, body);
}

TEST(LetterHandlers, ListThoseThatWait) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/dead_letters"),
            R"({"dead_letters":[],"next_cursor":null})");
  fill(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/dead_letters?reason=unknown_menu_type"),
            R"({"dead_letters":[{"letter":"3-1","state":"waiting","reason":"unknown_menu_type",)"
            R"("message":"why it failed","attempts":1,"logged_at":"2025-05-31T00:00:00.000Z",)"
            R"("first_failed_at":"2025-05-31T00:00:01.000Z",)"
            R"("last_failed_at":"2025-05-31T00:00:01.000Z","order":{"order_id":"o1",)"
            R"("user_id":"u1","ordered_at":"2025-05-31T12:00:00+09:00","menu_type":"washok",)"
            R"("status":null}}],"next_cursor":null})");
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters?state=replayed"), HasSubstr("[]"));
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters?since=2025-05-31T00:00:02Z"),
              HasSubstr("[]"));
}

TEST(LetterHandlers, ListInPages) {
  TestRestaurant restaurant;
  fill(restaurant);
  const std::string first = restaurant.body_of("/api/v1/dead_letters?limit=1");
  EXPECT_THAT(first, AllOf(HasSubstr(R"("letter":"3-1")"), testing::Not(HasSubstr("3-2"))));
  const std::size_t begin = first.find(R"("next_cursor":")") + 15;
  const std::string cursor = first.substr(begin, first.size() - 2 - begin);
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters?limit=1&cursor=" + cursor),
              HasSubstr(R"("letter":"3-2")"));
}

TEST(LetterHandlers, ShowALetterByteForByte) {
  TestRestaurant restaurant;
  fill(restaurant);
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters/3-2"),
              AllOf(HasSubstr(R"("order":null,"key":"u1","value":null,"value_base64":"/wAB",)"),
                    HasSubstr(R"("headers":[{"name":"till","value":"4"}],"history":[])")));
  EXPECT_EQ(restaurant.get("/api/v1/dead_letters/3-9").status, 404U);
  EXPECT_EQ(restaurant.get("/api/v1/dead_letters/nonsense").status, 404U);
}

TEST(LetterHandlers, ReplayByRule) {
  TestRestaurant restaurant;
  fill(restaurant);
  const std::string body = R"({"letters":["3-1"],"fix":{"rename_menu_types":{"washok":"washoku"}})";
  const http::Response dry =
      post(restaurant, "/api/v1/dead_letters/replay", body + R"(,"dry_run":true})");
  EXPECT_EQ(dry.status, 200U);
  EXPECT_EQ(dry.body,
            R"({"dry_run":true,"replayed":1,"failed_again":0,"discarded":0,"skipped":0,)"
            R"("not_found":0,"results":[{"letter":"3-1","outcome":"replayed","position":null,)"
            R"("order":{"order_id":"o1","user_id":"u1","ordered_at":"2025-05-31T03:00:00.000Z",)"
            R"("menu_type":"washoku","status":"placed"},"changes":[{"field":"menu_type",)"
            R"("from":"washok","to":"washoku"}],"reason":null,)"
            R"("message":"menu_type \"washok\" is now \"washoku\""}],"next_after":null})");
  const http::Response done = post(restaurant, "/api/v1/dead_letters/replay", body + "}");
  EXPECT_THAT(done.body, AllOf(HasSubstr(R"("replayed":1)"), HasSubstr(R"("position":"0-0")")));
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters/3-1"),
              AllOf(HasSubstr(R"("state":"replayed")"),
                    HasSubstr(R"("history":[{"event":"replayed","at":"2025-06-02T00:00:00.000Z",)"
                              R"("position":"0-0","reason":null,)")));
  EXPECT_THAT(post(restaurant, "/api/v1/dead_letters/replay", R"({"filter":{}})").body,
              AllOf(HasSubstr(R"("failed_again":1)"), HasSubstr(R"("reason":"unreadable")")));
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters"), HasSubstr(R"("attempts":2)"));
}

TEST(LetterHandlers, DiscardWithAReason) {
  TestRestaurant restaurant;
  fill(restaurant);
  EXPECT_EQ(post(restaurant, "/api/v1/dead_letters/discard", R"({"letters":["3-2"]})").status,
            400U);
  const http::Response done = post(restaurant, "/api/v1/dead_letters/discard",
                                   R"({"letters":["3-2","3-8"],"why":"noise"})");
  EXPECT_THAT(done.body, AllOf(HasSubstr(R"("discarded":1)"), HasSubstr(R"("not_found":1)")));
  EXPECT_THAT(restaurant.body_of("/api/v1/dead_letters/3-2"),
              AllOf(HasSubstr(R"("state":"discarded")"), HasSubstr(R"("text":"noise")")));
}

TEST(LetterHandlers, RefuseWhatIsMisspeltOrNotJson) {
  TestRestaurant restaurant;
  fill(restaurant);
  const http::Response misspelt =
      post(restaurant, "/api/v1/dead_letters/replay", R"({"filter":{},"dryrun":true})");
  EXPECT_EQ(misspelt.status, 400U);
  EXPECT_THAT(misspelt.body, HasSubstr(R"("pointer":"/dryrun")"));
  EXPECT_EQ(restaurant
                .answer(http::Method::post, "/api/v1/dead_letters/replay",
                        {{"content-type", "text/plain"}}, R"({"filter":{}})")
                .status,
            415U);
  EXPECT_EQ(restaurant
                .answer(http::Method::post, "/api/v1/dead_letters/discard", {},
                        R"({"filter":{},"why":"x"})")
                .status,
            415U);
  for (const std::string query : {"state=lost", "since=today", "limit=0", "cursor=x"})
    EXPECT_EQ(restaurant.get("/api/v1/dead_letters?" + query).status, 400U) << query;
}

}  // namespace
}  // namespace konomi::api
