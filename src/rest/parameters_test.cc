#include "rest/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::rest {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr IntegerRange kLimit{.min = 1, .max = 1000};

http::Request request_with(std::string name, std::string value) {
  http::Request request;
  request.query.emplace_back(std::move(name), std::move(value));
  return request;
}

template <class T>
std::string refusal(const Result<T>& result) {
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  return result.error().message;
}

TEST(DayParameter, IsADateOrNothing) {
  EXPECT_EQ(*day_parameter(request_with("from", "2012-04-26"), "from"),
            BusinessDay::from_days_since_1970(15'456));
  EXPECT_EQ(*day_parameter(request_with("from", "2012-04-26"), "to"), std::nullopt);
}

TEST(DayParameter, RefusesWhatIsNoDateByNameAndValue) {
  for (const std::string bad : {"", "2012-4-26", "2012-02-30", "yesterday", "2012-04-26T00:00"}) {
    EXPECT_THAT(refusal(day_parameter(request_with("from", bad), "from")),
                AllOf(HasSubstr("from"), HasSubstr("\"" + bad + "\""), HasSubstr("expected")));
  }
}

TEST(IntegerParameter, IsWithinItsRangeOrTheFallback) {
  EXPECT_EQ(*integer_parameter(request_with("limit", "1"), "limit", kLimit, 100), 1U);
  EXPECT_EQ(*integer_parameter(request_with("limit", "1000"), "limit", kLimit, 100), 1000U);
  EXPECT_EQ(*integer_parameter(http::Request(), "limit", kLimit, 100), 100U);
}

TEST(IntegerParameter, RefusesTheRestByNameAndValue) {
  for (const std::string bad :
       {"", "0", "1001", "-1", "+5", "5.0", "five", " 5", "5 ", "0x5", "99999999999999999999999"}) {
    EXPECT_THAT(refusal(integer_parameter(request_with("limit", bad), "limit", kLimit, 100)),
                AllOf(HasSubstr("limit \"" + bad + "\""), HasSubstr("from 1 to 1000")));
  }
}

TEST(FractionParameter, IsInTenThousandths) {
  const auto parsed = [](std::string value) {
    return *fraction_e4_parameter(request_with("min_confidence", std::move(value)),
                                  "min_confidence");
  };
  EXPECT_EQ(parsed("0"), 0U);
  EXPECT_EQ(parsed("1"), 10'000U);
  EXPECT_EQ(parsed("1.0000"), 10'000U);
  EXPECT_EQ(parsed("0.9"), 9'000U);
  EXPECT_EQ(parsed("0.90"), 9'000U);
  EXPECT_EQ(parsed("0.0001"), 1U);
  EXPECT_EQ(parsed("0.0007"), 7U);
  EXPECT_EQ(parsed("9e-1"), 9'000U);
  EXPECT_EQ(parsed("0E0"), 0U);
  EXPECT_EQ(*fraction_e4_parameter(http::Request(), "min_confidence"), 0U);
}

TEST(FractionParameter, IsRoundedUpToWhatCanBeStored) {
  const auto parsed = [](std::string value) {
    return *fraction_e4_parameter(request_with("min_confidence", std::move(value)),
                                  "min_confidence");
  };
  EXPECT_EQ(parsed("0.90000"), 9'000U);
  EXPECT_EQ(parsed("0.90001"), 9'001U);
  EXPECT_EQ(parsed("5e-05"), 1U);
  EXPECT_EQ(parsed("0.99991"), 10'000U);
}

TEST(FractionParameter, RefusesTheRestByNameAndValue) {
  for (const std::string bad : {"", "-0.5", "1.1", "1.00001", "2", "0.", ".5", "0,5", "0.5x",
                                "00.5", "1e1", "1e-", "1e999", "90%", "nan", "0x1"}) {
    EXPECT_THAT(
        refusal(fraction_e4_parameter(request_with("min_confidence", bad), "min_confidence")),
        AllOf(HasSubstr("min_confidence \"" + bad + "\""), HasSubstr("from 0 to 1")));
  }
}

}  // namespace
}  // namespace konomi::rest
