#include "domain/order.h"

#include "domain/timestamp.h"

#include <gtest/gtest.h>

namespace konomi {
namespace {

const Timestamp kNow = parse_rfc3339("2025-05-31T12:00:00Z").value();

OrderFields valid_fields() {
  return {.order_id = "T-1",
          .user_id = "u1",
          .ordered_at = "2025-05-31T00:00:00Z",
          .menu_type = "washoku"};
}

std::string problems_of(const OrderFields& fields) {
  const auto order = check_order(fields, kNow, {});
  return order ? "" : to_string(order.error());
}

TEST(Order, AcceptsAPlacedOrder) {
  const auto order = check_order(valid_fields(), kNow, {});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->user_id, UserId("u1"));
  EXPECT_EQ(order->menu_type, MenuType("washoku"));
  EXPECT_EQ(order->status, OrderStatus::placed);
  EXPECT_EQ(to_rfc3339(order->ordered_at), "2025-05-31T00:00:00.000Z");
}

TEST(Order, NamesEveryProblemAtOnce) {
  EXPECT_EQ(problems_of({}), "user_id: is missing; ordered_at: is missing; menu_type: is missing");
  auto fields = valid_fields();
  fields.user_id = "a\tb";
  fields.menu_type = "";
  EXPECT_EQ(problems_of(fields),
            "user_id: \"a\\x09b\" holds the control character U+0009 at byte 1; menu_type: is "
            "empty; expected 1 to 64 bytes");
}

TEST(Order, BoundsItsTexts) {
  auto fields = valid_fields();
  const std::string user(256, 'u'), order_id(128, 'o'), type(64, 't');
  fields.user_id = user, fields.order_id = order_id, fields.menu_type = type;
  EXPECT_EQ(problems_of(fields), "");
  const std::string long_user(257, 'u'), long_order_id(129, 'o'), long_type(65, 't');
  fields.user_id = long_user, fields.order_id = long_order_id, fields.menu_type = long_type;
  const auto refused = check_order(fields, kNow, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().size(), 3U);
}

TEST(Order, RefusesTimesBefore1970AndFarAhead) {
  auto fields = valid_fields();
  fields.ordered_at = "1969-12-31T23:59:59Z";
  EXPECT_NE(problems_of(fields).find("before 1970"), std::string::npos);
  fields.ordered_at = "0001-01-01T00:00:00Z";
  EXPECT_NE(problems_of(fields).find("before 1970"), std::string::npos);
  fields.ordered_at = "2025-06-01T12:00:00Z";
  EXPECT_EQ(problems_of(fields), "");
  fields.ordered_at = "2025-06-01T12:00:00.001Z";
  EXPECT_NE(problems_of(fields).find("more than 86400 s after now"), std::string::npos);
}

TEST(Order, ACancellationNeedsAnOrderIdAndNoMenuType) {
  auto fields = valid_fields();
  fields.status = "cancelled";
  fields.menu_type = std::nullopt;
  EXPECT_EQ(problems_of(fields), "");
  fields.order_id = std::nullopt;
  EXPECT_EQ(problems_of(fields), "order_id: is missing; a cancellation names the order it cancels");
  fields.status = "eaten";
  EXPECT_NE(problems_of(fields).find("got \"eaten\""), std::string::npos);
}

}  // namespace
}  // namespace konomi
