#include "api/test_restaurant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::api {
namespace {

using testing::Contains;
using testing::Pair;

TEST(Api, AnswersHeadAsGet) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  for (const std::string path :
       {"/api/v1/days", "/api/v1/days/2025-05-31", "/api/v1/segments",
        "/api/v1/segments/washoku/users", "/api/v1/segments/washoku/users?format=csv",
        "/api/v1/users/u1", "/api/v1/users/u1/orders", "/api/v1/menu_types", "/api/v1/dead_letters",
        "/api/v1/status", "/api/daily_order_summaries", "/api/user_segments"}) {
    const http::Response head = restaurant.answer(http::Method::head, path);
    const http::Response get = restaurant.get(path);
    EXPECT_EQ(head.status, 200U) << path;
    EXPECT_EQ(head.headers, get.headers) << path;
    EXPECT_EQ(head.body, get.body) << path << ": a short answer needs no stream";
    EXPECT_FALSE(static_cast<bool>(head.stream)) << path;
  }
}

TEST(Api, RefusesOtherMethodsInTheShapeOfThePath) {
  TestRestaurant restaurant;
  const http::Response first = restaurant.answer(http::Method::post, "/api/daily_order_summaries");
  EXPECT_EQ(first.status, 405U);
  EXPECT_EQ(first.body, R"({"message":"Method Not Allowed"})");
  EXPECT_THAT(first.headers, Contains(Pair("Allow", "OPTIONS, GET")));
  const http::Response second = restaurant.answer(http::Method::del, "/api/v1/menu_types");
  EXPECT_EQ(second.status, 405U);
  EXPECT_EQ(second.content_type, "application/problem+json");
}

}  // namespace
}  // namespace konomi::api
