#include "api/test_restaurant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace konomi::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<Check> checks_with_a_closed_log() {
  return {{.name = "log", .outcome = fail(ErrorCode::unavailable, "it is being opened")},
          {.name = "stores", .outcome = {}}};
}

TEST(Livez, IsOk) {
  TestRestaurant restaurant;
  restaurant.checks = checks_with_a_closed_log();
  const http::Response response = restaurant.get("/livez");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.content_type, StartsWith("text/plain"));
  EXPECT_EQ(response.body, "ok\n");
}

TEST(Readyz, GivesTheReasonUntilItIsReady) {
  TestRestaurant restaurant;
  restaurant.checks = checks_with_a_closed_log();
  const http::Response response = restaurant.get("/readyz");
  EXPECT_EQ(response.status, 503U);
  EXPECT_THAT(response.content_type, StartsWith("text/plain"));
  EXPECT_EQ(response.body, "log: it is being opened\n");

  restaurant.checks[0].outcome = {};
  EXPECT_EQ(restaurant.get("/readyz").status, 200U);
  EXPECT_EQ(restaurant.body_of("/readyz"), "ok\n");
}

TEST(Readyz, TellsEveryCheckWhenAsked) {
  TestRestaurant restaurant;
  restaurant.checks = checks_with_a_closed_log();
  http::Response response = restaurant.get("/readyz?verbose");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.body,
            "[-]log failed: it is being opened\n[+]stores ok\nreadyz check failed\n");

  restaurant.checks[0].outcome = {};
  response = restaurant.get("/readyz?verbose");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body, "[+]log ok\n[+]stores ok\nreadyz check passed\n");
}

TEST(Startupz, IsOkFromTheFirstTimeThatAllIs) {
  TestRestaurant restaurant;
  restaurant.checks = checks_with_a_closed_log();
  EXPECT_EQ(restaurant.get("/startupz").status, 503U);
  EXPECT_EQ(restaurant.body_of("/startupz"), "log: it is being opened\n");
  restaurant.checks[0].outcome = {};
  EXPECT_EQ(restaurant.get("/startupz").status, 200U);
  restaurant.checks = checks_with_a_closed_log();
  EXPECT_EQ(restaurant.get("/startupz").status, 200U);
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
