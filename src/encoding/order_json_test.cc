#include "encoding/order_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::encoding {
namespace {

using testing::HasSubstr;

constexpr Timestamp kNoon{std::chrono::milliseconds(1'748'649'600'250)};

Order example_order() {
  return {.user_id = UserId("tky1"),
          .order_id = OrderId("A7"),
          .ordered_at = kNoon,
          .menu_type = MenuType("washoku")};
}

std::string json_of(const Order& order) {
  std::string out;
  append_order_json(out, order);
  return out;
}

Order order_in(const std::string& json) {
  OrderJsonReader reader;
  const auto fields = reader.read(json);
  EXPECT_TRUE(fields) << fields.error().message;
  const auto order = check_order(fields.value_or(OrderFields{}), kNoon, {});
  EXPECT_TRUE(order) << json;
  return order.value_or(Order{});
}

Error error_in(const std::string& json) {
  OrderJsonReader reader;
  const auto fields = reader.read(json);
  EXPECT_FALSE(fields) << json;
  return fields ? Error{} : fields.error();
}

TEST(OrderJson, IsWrittenAsDocumented) {
  EXPECT_EQ(json_of(example_order()),
            R"({"v":1,"order_id":"A7","user_id":"tky1","ordered_at":"2025-05-31T00:00:00.250Z",)"
            R"("menu_type":"washoku","status":"placed"})");
}

TEST(OrderJson, GivesBackEveryField) {
  Order order = example_order();
  EXPECT_EQ(order_in(json_of(order)), order);
  order.status = OrderStatus::cancelled;
  order.menu_type = MenuType();
  EXPECT_EQ(order_in(json_of(order)), order);
}

TEST(OrderJson, EscapesWhatJsonNeedsEscaped) {
  Order order = example_order();
  order.user_id = UserId(R"("太郎", \ "次郎")");
  order.order_id = OrderId("\\");
  order.menu_type = MenuType("/\"");
  EXPECT_EQ(order_in(json_of(order)), order);
}

TEST(OrderJson, OneReaderReadsManyValues) {
  OrderJsonReader reader;
  for (std::size_t size : {1U, 200U, 3U, 100U}) {
    Order order = example_order();
    order.user_id = UserId(std::string(size, 'x'));
    const auto fields = reader.read(json_of(order));
    ASSERT_TRUE(fields) << fields.error().message;
    EXPECT_EQ(fields->user_id, order.user_id.value());
    EXPECT_FALSE(reader.read("{"));
  }
}

TEST(OrderJson, ReadsValuesOfOtherWriters) {
  // No version, another order of fields, unknown ones, escapes in names and texts, and null.
  EXPECT_EQ(order_in(R"( {"till":{"no":[7,{}]},"menu_type":"washoku","\u0075ser_id":"\u0074ky1",)"
                     R"("status":null,"ordered_at":"2025-05-31T09:00:00.25+09:00",)"
                     R"("order_id":"?","order_id":"A7"} )"),
            example_order());
}

TEST(OrderJson, WhatIsAbsentIsAbsent) {
  OrderJsonReader reader;
  const auto fields = reader.read("{}");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->order_id, std::nullopt);
  EXPECT_EQ(fields->user_id, std::nullopt);
}

TEST(OrderJson, RefusesASchemaOfTheFuture) {
  const Error error = error_in(R"({"v":2,"user_id":"tky1"})");
  EXPECT_EQ(error.code, ErrorCode::corrupted);
  EXPECT_THAT(error.message, HasSubstr("version 2"));
  EXPECT_THAT(error.message, HasSubstr("a newer konomi"));
}

TEST(OrderJson, RefusesWhatIsNoVersion) {
  for (const char* version : {"0", "-1", "1.5", "\"1\"", "null", "[]", "99999999999999999999"}) {
    const Error error = error_in(fmt::format(R"({{"v":{}}})", version));
    EXPECT_EQ(error.code, ErrorCode::corrupted) << version;
    EXPECT_THAT(error.message, HasSubstr("version")) << version;
  }
}

TEST(OrderJson, SaysWhichFieldIsNoText) {
  const Error error = error_in(R"({"order_id":"A7","user_id":7,"menu_type":["washoku"]})");
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_EQ(error.message, "user_id: is no text");
}

TEST(OrderJson, RefusesBrokenJson) {
  const std::string whole = json_of(example_order());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(error_in(whole.substr(0, size)).code, ErrorCode::corrupted) << size;
  for (const std::string& broken :
       {whole + "x", whole + whole, std::string("[]"), std::string("\"a\""), std::string("null"),
        std::string(R"({"user_id":"a" "b":1})"), std::string("{\"user_id\":\"\xff\"}"),
        std::string(R"({"user_id":"\u00"})"), std::string(R"({"user_id":nulll})"),
        std::string("{\"user_id\":\"a\nb\"}")})
    EXPECT_EQ(error_in(broken).code, ErrorCode::corrupted) << broken;
}

}  // namespace
}  // namespace konomi::encoding
