#include "wire/json_writer.h"

#include "wire/numbers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>

namespace konomi::wire {
namespace {

TEST(JsonWriter, PutsCommasBetweenMembersAndElementsOnly) {
  JsonWriter json;
  json.begin_object();
  json.key("a").begin_array().end_array();
  json.key("b").begin_array().number(1).begin_object().end_object().null().end_array();
  json.key("c").begin_object().key("d").boolean(true).key("e").boolean(false).end_object();
  json.end_object();
  EXPECT_EQ(json.take(), R"({"a":[],"b":[1,{},null],"c":{"d":true,"e":false}})");
}

TEST(JsonWriter, GoesOnWhereAPieceWasTakenAway) {
  JsonWriter json;
  std::string whole;
  json.begin_array();
  whole += json.take();
  EXPECT_EQ(json.size(), 0U);
  for (int i = 0; i < 3; ++i) {
    json.number(static_cast<std::uint64_t>(i));
    whole += json.take();
  }
  json.end_array();
  whole += json.take();
  EXPECT_EQ(whole, "[0,1,2]");
}

TEST(JsonWriter, EscapesKeysAndTexts) {
  JsonWriter json;
  json.begin_object().key("a\"b").text("c\\d\n和食").end_object();
  EXPECT_EQ(json.take(), "{\"a\\\"b\":\"c\\\\d\\n和食\"}");
}

TEST(JsonWriter, WritesTheLargestAndSmallestNumbers) {
  JsonWriter json;
  json.begin_array();
  json.number(std::numeric_limits<std::uint64_t>::max());
  json.integer(std::numeric_limits<std::int64_t>::min());
  json.end_array();
  EXPECT_EQ(json.take(), "[18446744073709551615,-9223372036854775808]");
}

TEST(JsonWriter, WritesDatesAndInstantsAsTexts) {
  JsonWriter json;
  json.begin_array();
  json.date(BusinessDay::from_days_since_1970(15'456));
  json.instant(Timestamp(std::chrono::milliseconds(1'335'402'000'005)));
  json.end_array();
  EXPECT_EQ(json.take(), R"(["2012-04-26","2012-04-26T01:00:00.005Z"])");
}

TEST(JsonWriter, GoesOnBehindATextAndEndsLines) {
  JsonWriter json("[1]\n");
  json.begin_object().key("a").text_or_null("").key("b").optional_text("c").end_object().end_line();
  json.begin_object().key("d").optional_text(std::nullopt).end_object().end_line();
  EXPECT_EQ(json.take(), "[1]\n{\"a\":null,\"b\":\"c\"}\n{\"d\":null}\n");
}

TEST(JsonWriter, TakesValuesAndMembersThatAreJsonAlready) {
  JsonWriter json;
  json.key("a").raw(R"({"b":1})").raw("").raw(R"("c":2,"d":3)").key("e").real(0.25, 3);
  EXPECT_EQ(json.take(), R"("a":{"b":1},"c":2,"d":3,"e":0.250)");
}

TEST(Decimal, HasNoTrailingNoise) {
  EXPECT_EQ(decimal_text(4130, 4), "0.413");
  EXPECT_EQ(decimal_text(5000, 4), "0.5");
  EXPECT_EQ(decimal_text(10'000, 4), "1");
  EXPECT_EQ(decimal_text(0, 4), "0");
  EXPECT_EQ(decimal_text(1, 4), "0.0001");
  EXPECT_EQ(decimal_text(12'345, 3), "12.345");
  EXPECT_EQ(decimal_text(7, 0), "7");
}

TEST(Decimal, HasEveryDecimalWhenItIsFixed) {
  EXPECT_EQ(fixed_decimal_text(4130, 4), "0.4130");
  EXPECT_EQ(fixed_decimal_text(10'000, 4), "1.0000");
  EXPECT_EQ(fixed_decimal_text(7, 0), "7");
}

TEST(Share, IsRoundedHalfUpToTenThousandths) {
  EXPECT_EQ(share_e4(612, 1482), 4130U);
  EXPECT_EQ(share_e4(1, 3), 3333U);
  EXPECT_EQ(share_e4(2, 3), 6667U);
  EXPECT_EQ(share_e4(1, 20'000), 1U);
  EXPECT_EQ(share_e4(1, 20'001), 0U);
  EXPECT_EQ(share_e4(5, 5), 10'000U);
}

TEST(Share, OfNothingIsNothing) {
  EXPECT_EQ(share_e4(0, 0), 0U);
}

}  // namespace
}  // namespace konomi::wire
