#include "api/erasure_handlers.h"

#include "api/test_restaurant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Headers kJson = {{"content-type", "application/json"}};

// In the memory engine's log of one partition; of 8 buckets.
std::string name_of_first(const std::string& user) {
  return erasure_id_text({.position = {LogPartition(0), LogOffset(0)},
                          .bucket = bucket_of(UserId(user), kTestBuckets)});
}

http::Response erase(TestRestaurant& restaurant, std::string_view body,
                     std::string_view wait = "0") {
  return restaurant.answer(http::Method::post, "/api/v1/erasures?wait=" + std::string(wait), kJson,
                           body);
}

TEST(ErasureHandlers, AppendToTheLogAndSayWhereToLook) {
  TestRestaurant restaurant;
  const auto answer = erase(restaurant, R"({"user_id":"u1"})");
  EXPECT_EQ(answer.status, 202U);
  const std::string name = name_of_first("u1");
  EXPECT_THAT(answer.headers, testing::Contains(std::pair<std::string, std::string>(
                                  "Location", "/api/v1/erasures/" + name)));
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr(R"({"user_id":"u1","erasure":")" + name + R"(","position":"0-0",)"),
                    HasSubstr(R"("state":"pending","waiting_for":"consume")"),
                    HasSubstr(R"("removed":null,"left":{"days_with_counts":0,"preferences":0}})")));
  EXPECT_EQ(restaurant.engine.order_log().ends().value().at(LogPartition(0)), LogOffset(1));
  EXPECT_THAT(restaurant.body_of("/api/v1/erasures/" + name),
              HasSubstr(R"("state":"pending","waiting_for":"consume")"));
}

TEST(ErasureHandlers, TellHowFarItIs) {
  TestRestaurant restaurant;
  erase(restaurant, R"({"user_id":"u1"})");
  const Bucket bucket = bucket_of(UserId("u1"), kTestBuckets);
  ASSERT_TRUE(restaurant.engine.order_store().erase({.user_id = UserId("u1"),
                                                     .bucket = bucket,
                                                     .position = {LogPartition(0), LogOffset(0)},
                                                     .requested_at = restaurant.clock.now(),
                                                     .dead_letters = 2}));
  const std::string path = "/api/v1/erasures/" + name_of_first("u1");
  EXPECT_THAT(restaurant.body_of(path), HasSubstr(R"("waiting_for":"aggregate")"));
  Erasure erasure = restaurant.engine.order_store().erasures(bucket).value().at(0);
  erasure.state = ErasureState::counted;
  ASSERT_TRUE(restaurant.engine.order_store().put_erasure(erasure));
  EXPECT_THAT(restaurant.body_of(path), HasSubstr(R"("waiting_for":"disk")"));
  erasure.state = ErasureState::done;
  erasure.finished_at = restaurant.clock.now();
  ASSERT_TRUE(restaurant.engine.order_store().put_erasure(erasure));
  EXPECT_THAT(restaurant.body_of(path),
              AllOf(HasSubstr(R"("state":"done","waiting_for":null)"),
                    HasSubstr(R"("finished_at":"2025-06-02T00:00:00.000Z")"),
                    HasSubstr(R"("removed":{"orders":0,"dead_letters":2,"days_with_counts":0,)"
                              R"("preferences":0,"segment_rows":0,"changes":0}})")));
}

TEST(ErasureHandlers, RefuseWhatIsNoUser) {
  TestRestaurant restaurant;
  for (const char* body : {"", "[]", "{}", R"({"user_id":""})", R"({"user_id":7})",
                           R"({"user_id":"u1","really":true})"}) {
    const auto answer = erase(restaurant, body);
    EXPECT_EQ(answer.status, 400U) << body;
    EXPECT_THAT(answer.body, HasSubstr("nothing was erased")) << body;
  }
  EXPECT_EQ(erase(restaurant, R"({"user_id":"u1"})", "61").status, 400U);
  EXPECT_EQ(restaurant.answer(http::Method::post, "/api/v1/erasures", {}, "{}").status, 415U);
  EXPECT_EQ(restaurant.engine.order_log().ends().value().at(LogPartition(0)), LogOffset(0));
}

TEST(ErasureHandlers, AreNotFoundWhereThereAreNone) {
  TestRestaurant restaurant;
  for (const char* name : {"nonsense", "0-5-1", "0-0-99"})
    EXPECT_EQ(restaurant.get("/api/v1/erasures/" + std::string(name)).status, 404U) << name;
}

}  // namespace
}  // namespace konomi::api
