#include "api/test_restaurant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Livez, IsOk) {
  TestRestaurant restaurant;
  restaurant.ready = fail(ErrorCode::unavailable, "the log is being opened");
  const http::Response response = restaurant.get("/livez");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.content_type, StartsWith("text/plain"));
  EXPECT_EQ(response.body, "ok\n");
}

TEST(Readyz, GivesTheReasonUntilItIsReady) {
  TestRestaurant restaurant;
  restaurant.ready = fail(ErrorCode::unavailable, "the log is being opened");
  const http::Response response = restaurant.get("/readyz");
  EXPECT_EQ(response.status, 503U);
  EXPECT_THAT(response.content_type, StartsWith("text/plain"));
  EXPECT_EQ(response.body, "the log is being opened\n");

  restaurant.ready = {};
  EXPECT_EQ(restaurant.get("/readyz").status, 200U);
  EXPECT_EQ(restaurant.body_of("/readyz"), "ok\n");
}

TEST(MetricsPage, ShowsEveryCounter) {
  TestRestaurant restaurant;
  restaurant.metrics.counter("konomi_test_orders_total", "Orders.", {{"state", "a"}}).Increment();
  const http::Response response = restaurant.get("/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("konomi_test_orders_total{state=\"a\"} 1\n"));
}

TEST(Openapi, IsTheTextGiven) {
  TestRestaurant restaurant;
  const http::Response response = restaurant.get("/openapi.json");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, "{\"openapi\":\"3.1.0\"}");
}

}  // namespace
}  // namespace konomi::api
