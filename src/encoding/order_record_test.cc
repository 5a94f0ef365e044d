#include "encoding/order_record.h"

#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace konomi::encoding {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Timestamp at(std::string_view text) {
  return parse_rfc3339(text).value();
}

RecordBytes record(std::optional<std::string_view> value) {
  return {.position = {.partition = LogPartition(3), .offset = LogOffset(41)},
          .logged_at = at("2025-05-31T12:00:00Z"),
          .value = value};
}

std::expected<Order, RecordProblem> read(const RecordBytes& bytes) {
  return OrderRecordReader(OrderLimits{}).read(bytes);
}

RecordProblem problem_of(std::optional<std::string_view> value) {
  const auto order = read(record(value));
  EXPECT_FALSE(order) << value.value_or("");
  return order ? RecordProblem{} : order.error();
}

TEST(OrderRecord, ReadsAnOrderOfKonomi) {
  const Order order{.user_id = UserId("太郎"),
                    .order_id = OrderId("注文 1"),
                    .ordered_at = at("2025-05-31T09:00:00.123+09:00"),
                    .menu_type = MenuType("Americano with Milk")};
  std::string value;
  append_order_json(value, order);
  EXPECT_EQ(read(record(value)), order);
}

TEST(OrderRecord, ReadsALineOfTheFirstVersion) {
  const Order expected{.user_id = UserId("u 1"),
                       .order_id = OrderId("p3-o41"),
                       .ordered_at = at("2025-05-31T00:00:00.5Z"),
                       .menu_type = MenuType("washoku")};
  for (const char* line :
       {"u 1,2025-05-31T09:00:00.5+09:00,washoku", "u 1,2025-05-31T09:00:00.5+09:00,washoku\n",
        "u 1,2025-05-31T09:00:00.5+09:00,washoku\r\n"})
    EXPECT_EQ(read(record(line)), expected) << line;
}

TEST(OrderRecord, ALineIsNotQuoted) {
  const auto order = read(record(R"("u",2025-05-31T09:00:00Z,wa"sho"ku)"));
  ASSERT_TRUE(order);
  EXPECT_EQ(order->user_id, UserId(R"("u")"));
  EXPECT_EQ(order->menu_type, MenuType(R"(wa"sho"ku)"));
}

TEST(OrderRecord, AnOrderWithoutAnIdIsNamedByItsPosition) {
  const auto order =
      read(record(R"({"user_id":"u","ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku"})"));
  ASSERT_TRUE(order);
  EXPECT_EQ(order->order_id, OrderId("p3-o41"));
}

TEST(OrderRecord, AWrongNumberOfFieldsIsUnreadable) {
  for (const char* line : {"", "\n", "poison", "u,2025-05-31T09:00:00Z",
                           "u,1,2025-05-31T09:00:00Z,washoku", "[]", " {}", ",,,"})
    EXPECT_EQ(problem_of(line).reason, "unreadable") << line;
  EXPECT_THAT(problem_of("u,1,2025-05-31T09:00:00Z,washoku").message,
              AllOf(HasSubstr("three fields"), HasSubstr("in 4 fields")));
}

TEST(OrderRecord, NoValueIsUnreadable) {
  EXPECT_EQ(problem_of(std::nullopt).reason, "unreadable");
}

TEST(OrderRecord, BrokenJsonAndLaterSchemasAreUnreadable) {
  EXPECT_EQ(problem_of("{").reason, "unreadable");
  EXPECT_EQ(problem_of(R"({"v":7})").reason, "unreadable");
}

TEST(OrderRecord, AFieldThatBreaksARuleMakesTheOrderInvalid) {
  for (const char* value :
       {",2025-05-31T09:00:00Z,washoku", "u,yesterday,washoku", "u,2025-05-31T09:00:00Z,",
        "u,2025-02-30T09:00:00Z,washoku", "u,0001-01-01T00:00:00Z,washoku",
        "u\x01,2025-05-31T09:00:00Z,washoku", "\xff,2025-05-31T09:00:00Z,washoku",
        R"({"user_id":7,"ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku"})",
        R"({"user_id":"u","ordered_at":"2025-05-31T00:00:00Z","status":"cancelled"})",
        R"({"user_id":"u","ordered_at":"2025-05-31T00:00:00Z"})", "{}"})
    EXPECT_EQ(problem_of(value).reason, "invalid_order") << value;
  EXPECT_THAT(problem_of("u,yesterday,washoku").message, HasSubstr("ordered_at"));
}

TEST(OrderRecord, TheFutureIsJudgedByTheLogTime) {
  EXPECT_TRUE(read(record("u,2025-06-01T12:00:00Z,washoku")));
  const auto problem = problem_of("u,2025-06-01T12:00:00.001Z,washoku");
  EXPECT_EQ(problem.reason, "invalid_order");
  EXPECT_THAT(problem.message, HasSubstr("after now"));
}

TEST(OrderRecord, AnOrderThatKonomiAcknowledgedIsNotRefusedByTheBrokersClock) {
  RecordBytes bytes = record("u,2025-06-01T12:00:00.500Z,washoku");
  bytes.received_at = [] { return std::optional(at("2025-05-31T12:00:00.500Z")); };
  EXPECT_TRUE(read(bytes));
  bytes.received_at = [] { return std::optional(at("2025-05-31T11:00:00Z")); };
  EXPECT_FALSE(read(bytes));
  bytes.received_at = [] { return std::optional<Timestamp>(); };
  EXPECT_FALSE(read(bytes));
}

}  // namespace
}  // namespace konomi::encoding
