#include "verify/verification_handler.h"

#include "aggregate/shop_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::verify {
namespace {

using aggregate::may;
using aggregate::Shop;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class VerificationHandlerTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const int day : {1, 2})
      shop_.place({.day = day, .user = "u1", .id = "o", .type = "washoku"});
    shop_.count();
    handler_.register_routes(router_);
  }

  static VerifyOptions options() {
    VerifyOptions options;
    options.bucket_count = Shop::kBuckets;
    options.look_again_after = std::chrono::milliseconds(0);
    return options;
  }
  http::Response post(const std::string& query) {
    http::Request request{.method = http::Method::post};
    EXPECT_TRUE(http::set_target(request, "/api/v1/verifications" + query));
    return router_.table().match(request).route->blocking(request);
  }
  static std::string next(http::Response& response) {
    std::string line;
    const auto more = response.stream(line);
    return more && *more ? line : "";
  }
  static std::vector<std::string> rest(http::Response& response) {
    std::vector<std::string> lines;
    for (std::string line; !(line = next(response)).empty();) lines.push_back(line);
    return lines;
  }
  void damage() {
    ASSERT_TRUE(shop_.engine.preference_store().remove_strays({.counts = {{UserId("u1"), may(2)}}},
                                                              Version(0)));
  }

  Shop shop_;
  VerificationHandler handler_{{shop_.engine.order_store(), shop_.engine.summary_store(),
                                shop_.engine.preference_store(), shop_.engine.settings_store()},
                               options(),
                               shop_.calendar,
                               shop_.clock};
  rest::Router router_;
};

TEST_F(VerificationHandlerTest, SaysHowFarItIsAndThenReports) {
  http::Response response = post("");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/x-ndjson");
  const auto lines = rest(response);
  ASSERT_EQ(lines.size(), Shop::kBuckets.value() + 2);
  EXPECT_EQ(lines.front(), "{\"phase\":\"verifying\",\"done\":1,\"parts\":5}\n");
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("{\"report\":{\"from\":\"2025-05-01\""),
                                  HasSubstr("\"differences_total\":0")));
}

TEST_F(VerificationHandlerTest, RecountsTheDaysAskedFor) {
  http::Response response = post("?from=2025-05-02&to=2025-05-02");
  EXPECT_THAT(rest(response).back(), HasSubstr("\"days_recounted\":1"));
}

TEST_F(VerificationHandlerTest, RefusesWhatItDoesNotUnderstand) {
  for (const char* query : {"?from=yesterday", "?repair=perhaps", "?from=2025-05-03&to=2025-05-02"})
    EXPECT_EQ(post(query).status, 400U) << query;
  http::Response after = post("");
  EXPECT_EQ(after.status, 200U) << "a refusal leaves nothing busy";
}

TEST_F(VerificationHandlerTest, RunsOneAtATime) {
  {
    http::Response first = post("");
    next(first);
    http::Response second = post("");
    EXPECT_EQ(second.status, 409U);
  }
  EXPECT_EQ(post("").status, 200U) << "the first one's client has gone away";
}

TEST_F(VerificationHandlerTest, RepairsWaitsForTheCountAndReportsAgain) {
  damage();
  http::Response response = post("?repair=true");
  std::vector<std::string> lines;
  bool counted = false;
  for (std::string line; !(line = next(response)).empty();) {
    if (line.find("\"counting\"") != std::string::npos && !std::exchange(counted, true))
      shop_.count();
    lines.push_back(line);
  }
  EXPECT_TRUE(counted);
  std::vector<std::string> told;
  for (const std::string& line : lines) {
    if (line.find("verifying") == std::string::npos && line.find("counting") == std::string::npos)
      told.push_back(line);
  }
  EXPECT_THAT(told, ElementsAre(HasSubstr("\"differences_total\":1"),
                                HasSubstr("\"phase\":\"repairing\",\"generation\":1"),
                                HasSubstr("\"counted\""), HasSubstr("\"differences_total\":0")));
}

TEST_F(VerificationHandlerTest, WithoutDamageThereIsNothingToRepair) {
  http::Response response = post("?repair=true");
  EXPECT_THAT(rest(response).back(), HasSubstr("\"report\""));
  EXPECT_FALSE(shop_.engine.settings_store().counting_rules().value().has_value());
}

TEST_F(VerificationHandlerTest, ARepairThatNobodyCountsEndsWithAnError) {
  damage();
  http::Response response = post("?repair=true");
  std::string last;
  for (std::string line; !(line = next(response)).empty(); last = line)
    shop_.clock.advance(std::chrono::minutes(3));
  EXPECT_THAT(last, HasSubstr("{\"error\":\"the repair is begun, but nothing was counted"));
}

TEST_F(VerificationHandlerTest, EndsWhenItIsStopped) {
  http::Response response = post("");
  handler_.stop();
  EXPECT_THAT(rest(response), ElementsAre(HasSubstr("\"error\"")));
  EXPECT_EQ(post("").status, 503U);
}

TEST_F(VerificationHandlerTest, SaysWhenTheStoresFail) {
  http::Response response = post("");
  shop_.engine.fail_next("preference_store.counts_of", 1,
                         {.error = {.code = ErrorCode::unavailable, .message = "away"}});
  EXPECT_THAT(rest(response).back(), HasSubstr("{\"error\":\"away\"}"));
}

}  // namespace
}  // namespace konomi::verify
