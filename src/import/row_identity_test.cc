#include "import/row_identity.h"

#include "domain/timestamp.h"

#include <gtest/gtest.h>

#include <set>

namespace konomi::import {
namespace {

Order order_of(std::string user, std::string_view time, std::string type) {
  return {.user_id = UserId(std::move(user)),
          .order_id = {},
          .ordered_at = parse_rfc3339(time).value(),
          .menu_type = MenuType(std::move(type))};
}

const Order kOrder = order_of("u1", "2025-05-31T09:00:00+09:00", "washoku");

TEST(RowIdentity, IsAVersion5UuidThatNeverChanges) {
  // What `uuid.uuid5(UUID("5f0c2ad8-8e1b-4f0e-9d0a-6b6f6e6f6d69"),
  // "u1\n2025-05-31T00:00:00.000Z\nwashoku\n0")` of Python gives.
  EXPECT_EQ(row_order_id(kOrder, 0).value(), "711144ca-33a9-5b87-bd4a-ee276f5d36e6");
  EXPECT_EQ(row_order_id(kOrder, 1).value(), "b79c37a7-26f1-5752-aaf8-1ed4e621b75e");
}

TEST(RowIdentity, CountsHowOftenARowOccurredBefore) {
  RowIdentity identity;
  EXPECT_EQ(identity.next_id(kOrder).value(), row_order_id(kOrder, 0));
  EXPECT_EQ(identity.next_id(kOrder).value(), row_order_id(kOrder, 1));
  EXPECT_EQ(identity.next_id(order_of("u2", "2025-05-31T00:00:00Z", "washoku")).value(),
            row_order_id(order_of("u2", "2025-05-31T00:00:00Z", "washoku"), 0));
  EXPECT_EQ(identity.next_id(kOrder).value(), row_order_id(kOrder, 2));
}

TEST(RowIdentity, TheSameInstantInAnotherZoneIsTheSameRow) {
  RowIdentity identity;
  const OrderId first = identity.next_id(kOrder).value();
  const OrderId second =
      identity.next_id(order_of("u1", "2025-05-31T00:00:00Z", "washoku")).value();
  EXPECT_EQ(first, row_order_id(kOrder, 0));
  EXPECT_EQ(second, row_order_id(kOrder, 1));
}

TEST(RowIdentity, FieldsDoNotRunIntoEachOther) {
  const Order a = order_of("u", "2025-05-31T00:00:00Z", "12");
  const Order b = order_of("u", "2025-05-31T00:00:00Z", "1");
  EXPECT_NE(row_order_id(a, 1), row_order_id(b, 21));
}

TEST(RowIdentity, IsTheSameForTheSameFileAndDifferentForEveryRow) {
  RowIdentity once, again;
  std::set<OrderId> ids;
  for (int i = 0; i < 30'000; ++i) {
    // Every row twice, far apart.
    const Order order =
        order_of("u" + std::to_string(i % 15'000), "2025-05-31T00:00:00Z", "washoku");
    const OrderId id = once.next_id(order).value();
    ASSERT_EQ(id, again.next_id(order).value());
    ASSERT_TRUE(ids.insert(id).second);
  }
}

}  // namespace
}  // namespace konomi::import
