#include "wire/order.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace konomi::wire {
namespace {

Order order(OrderStatus status, std::string menu_type) {
  return {.user_id = UserId("u\"1"),
          .order_id = OrderId("A,7"),
          .ordered_at = Timestamp(std::chrono::milliseconds(1'335'402'000'005)),
          .menu_type = MenuType(std::move(menu_type)),
          .status = status};
}

template <class Write>
std::string json_of(const Write& write) {
  JsonWriter json;
  write(json);
  return json.take();
}

TEST(Order, OfTheLogAndOfExportsHasEveryMember) {
  EXPECT_EQ(json_of([](JsonWriter& json) { write_order(json, order(OrderStatus::placed, "")); }),
            R"("v":1,"order_id":"A,7","user_id":"u\"1",)"
            R"("ordered_at":"2012-04-26T01:00:00.005Z","menu_type":"","status":"placed")");
}

TEST(Order, IsARowOfCsvWithTheSameColumns) {
  CsvWriter csv;
  write_order(csv, order(OrderStatus::cancelled, "washoku"));
  EXPECT_EQ(csv.take(), "\"A,7\",\"u\"\"1\",2012-04-26T01:00:00.005Z,washoku,cancelled\n");
  CsvWriter names({}, CsvWriter::Rows::names);
  write_order(names, Order());
  EXPECT_EQ(names.take(), "order_id,user_id,ordered_at,menu_type,status\n");
}

TEST(Order, OfAnAnswerHasNullForNoMenuType) {
  const auto answer = [](OrderUser user) {
    return json_of([&](JsonWriter& json) {
      write_answered_order(json, order(OrderStatus::cancelled, ""), user);
    });
  };
  EXPECT_EQ(answer(OrderUser::named),
            R"("order_id":"A,7","user_id":"u\"1","ordered_at":"2012-04-26T01:00:00.005Z",)"
            R"("menu_type":null,"status":"cancelled")");
  EXPECT_EQ(answer(OrderUser::known), R"("order_id":"A,7","ordered_at":"2012-04-26T01:00:00.005Z",)"
                                      R"("menu_type":null,"status":"cancelled")");
}

TEST(Order, IsPostedWithoutAnEmptyTypeAndTheUsualStatus) {
  const std::string begin =
      R"({"order_id":"A,7","user_id":"u\"1","ordered_at":"2012-04-26T01:00:00.005Z")";
  EXPECT_EQ(posted_order_line(order(OrderStatus::placed, "washoku")),
            begin + R"(,"menu_type":"washoku"})" + "\n");
  EXPECT_EQ(posted_order_line(order(OrderStatus::cancelled, "")),
            begin + R"(,"status":"cancelled"})" + "\n");
}

}  // namespace
}  // namespace konomi::wire
