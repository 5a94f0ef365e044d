#include "api/test_restaurant.h"
#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::api {
namespace {

using testing::HasSubstr;

constexpr std::string_view kIdentityAndTime =
    R"({"engine":"embedded","version":"0.1.0","time_zone":"Asia/Tokyo","day_starts_at":"00:00",)"
    R"("now":"2025-06-02T00:00:00.000Z","business_day":"2025-06-02",)";

TEST(Status, OfAnEmptyHouse) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/status"),
            std::string(kIdentityAndTime) +
                R"("log":{"end":0,"stored_up_to":0,"counted_up_to":0,"lag_records":0},)"
                R"("consume":{"state":"running","error":null},)"
                R"("dirty_days":0,"days":{"first":null,"last":null,"count":0},)"
                R"("dead_letters":0,"users":0,"last_count":null})");
}

TEST(Status, WhenEverythingIsCounted) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  EXPECT_EQ(restaurant.body_of("/api/v1/status"),
            std::string(kIdentityAndTime) +
                R"("log":{"end":5,"stored_up_to":5,"counted_up_to":5,"lag_records":0},)"
                R"("consume":{"state":"running","error":null},)"
                R"("dirty_days":0,"days":{"first":"2025-05-31","last":"2025-06-01","count":2},)"
                R"("dead_letters":0,"users":3,)"
                R"("last_count":{"finished_at":"2025-06-02T00:00:00.000Z","seconds":0.12}})");
}

TEST(Status, CountsDaysThatAreDirtyOnceWhateverTheBuckets) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  for (const std::string user : {"u1", "u2", "u3", "u4", "u5", "u6"}) {
    restaurant.take(user, "washoku", "2025-05-31T12:00:00+09:00", "late");
  }
  restaurant.take("u1", "washoku", "2025-06-02T08:00:00+09:00");
  const std::string before = restaurant.body_of("/api/v1/status");
  EXPECT_THAT(before,
              HasSubstr(R"("log":{"end":12,"stored_up_to":12,"counted_up_to":5,"lag_records":0},)"
                        R"("consume":{"state":"running","error":null},"dirty_days":2,)"));
  restaurant.count();
  EXPECT_THAT(restaurant.body_of("/api/v1/status"), HasSubstr(R"("dirty_days":0,)"));
}

TEST(Status, ShowsRecordsThatAreNotStoredYet) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  restaurant.engine.append_unreadable(LogPartition(0), {.reason = "unreadable"});
  EXPECT_THAT(restaurant.body_of("/api/v1/status"),
              HasSubstr(R"("log":{"end":6,"stored_up_to":5,"counted_up_to":5,"lag_records":1})"));
}

TEST(Status, CountsDeadLetters) {
  TestRestaurant restaurant;
  ASSERT_TRUE(restaurant.engine.dead_letters()
                  .put({{.position = {LogPartition(0), LogOffset(7)}, .reason = "unreadable"}})
                  .has_value());
  EXPECT_THAT(restaurant.body_of("/api/v1/status"), HasSubstr(R"("dead_letters":1,)"));
}

TEST(Status, CountsOnlyDeadLettersThatWait) {
  TestRestaurant restaurant;
  const LogPosition position{LogPartition(0), LogOffset(7)};
  ASSERT_TRUE(restaurant.engine.dead_letters().put({{.position = position}}).has_value());
  ASSERT_TRUE(restaurant.engine.dead_letters()
                  .add({{.letter = position, .kind = LetterEvent::Kind::discarded}})
                  .has_value());
  EXPECT_THAT(restaurant.body_of("/api/v1/status"), HasSubstr(R"("dead_letters":0,)"));
}

TEST(Status, SaysWhyOrdersAreNotStored) {
  TestRestaurant restaurant;
  restaurant.consume = {.state = "retrying", .error = "most records fail alike"};
  EXPECT_THAT(restaurant.body_of("/api/v1/status"),
              HasSubstr(R"("consume":{"state":"retrying","error":"most records fail alike"},)"));
}

TEST(Status, ReadsNoMarksWhenEverythingIsCounted) {
  TestRestaurant restaurant;
  serve_two_days(restaurant);
  restaurant.engine.fail_next("order_store.marks", 1,
                              {.error = {.code = ErrorCode::internal, .message = "was read"}});
  EXPECT_EQ(restaurant.get("/api/v1/status").status, 200U);
  restaurant.take("u1", "washoku", "2025-06-02T08:00:00+09:00");
  EXPECT_THAT(restaurant.body_of("/api/v1/status"), HasSubstr("was read"));
}

TEST(Status, BusinessDayIsTheRestaurantsNotTheServers) {
  TestRestaurant restaurant;
  restaurant.clock.set(*parse_rfc3339("2025-06-02T15:00:00Z"));
  EXPECT_THAT(restaurant.body_of("/api/v1/status"),
              HasSubstr(R"("now":"2025-06-02T15:00:00.000Z","business_day":"2025-06-03")"));
}

TEST(Status, SaysThatTheLogIsAway) {
  TestRestaurant restaurant;
  restaurant.engine.fail_next("order_log.ends", 1,
                              {.error = {.code = ErrorCode::timed_out, .message = "no answer"}});
  const http::Response response = restaurant.get("/api/v1/status");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.content_type, "application/problem+json");
}

}  // namespace
}  // namespace konomi::api
