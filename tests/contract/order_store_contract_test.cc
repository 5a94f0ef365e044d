#include "tests/contract/engines.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

#include <fmt/format.h>

#include <chrono>

namespace konomi::contract {
namespace {

using namespace std::chrono_literals;
using support::all_rows;
using support::append;
using support::instant;
using support::order;
using support::value_of;

const BusinessDay kDay = BusinessDay::from_days_since_1970(20'089);  // 2025-01-01

template <class Engine>
class OrderStoreContract : public EngineTest<Engine> {
 protected:
  OrderStore& store() { return this->engine->order_store(); }

  static PlacedRow row(const Order& order, std::uint64_t version, BusinessDay day = kDay) {
    return {.day = day,
            .bucket = bucket_of(order.user_id, kBucketCountDefault),
            .stored = {.order = order, .version = Version(version)}};
  }
  static PlacedRow in_bucket_7(const Order& order, std::uint64_t version) {
    return {
        .day = kDay, .bucket = Bucket(7), .stored = {.order = order, .version = Version(version)}};
  }

  std::vector<StoredOrder> scan(std::uint32_t bucket = 7, BusinessDay day = kDay) {
    return all_rows(store().scan(day, Bucket(bucket)));
  }
  static DayMark mark(std::uint32_t bucket, BusinessDay day, std::uint64_t offset,
                      std::uint32_t partition = 0) {
    return {.day = day,
            .bucket = Bucket(bucket),
            .position = {.partition = LogPartition(partition), .offset = LogOffset(offset)}};
  }
};
TYPED_TEST_SUITE(OrderStoreContract, Engines, EngineNames);

TYPED_TEST(OrderStoreContract, ANewStoreIsEmpty) {
  EXPECT_TRUE(value_of(this->store().watermarks()).empty());
  EXPECT_TRUE(value_of(this->store().marks(Bucket(0))).empty());
  EXPECT_TRUE(this->scan().empty());
}

TYPED_TEST(OrderStoreContract, GivesBackEveryFieldOfAnOrder) {
  Order placed = order("太郎", "注文 1", "Americano with Milk");
  placed.ordered_at = Timestamp(1'735'689'600'123ms);
  value_of(this->store().put({.orders = {this->in_bucket_7(placed, 42)}}));
  this->engine.reopen();
  EXPECT_EQ(this->scan(), (std::vector<StoredOrder>{{.order = placed, .version = Version(42)}}));
}

TYPED_TEST(OrderStoreContract, StoringAgainIsTheSameAsOnce) {
  const StoreBatch batch{
      .orders = {this->in_bucket_7(order("u", "1"), 1), this->in_bucket_7(order("u", "2"), 2)},
      .marks = {this->mark(7, kDay, 2)},
      .watermarks = {{LogPartition(0), {.next_offset = LogOffset(3), .stored_up_to = instant(9)}}}};
  value_of(this->store().put(batch));
  const auto once = this->scan();
  value_of(this->store().put(batch));
  EXPECT_EQ(this->scan(), once);
  EXPECT_EQ(once.size(), 2U);
  EXPECT_EQ(value_of(this->store().marks(Bucket(7))),
            (std::map<BusinessDay, Marks>{{kDay, {{LogPartition(0), LogOffset(2)}}}}));
  EXPECT_EQ(value_of(this->store().watermarks()), batch.watermarks);
}

TYPED_TEST(OrderStoreContract, ACorrectionReplacesTheOrder) {
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "washoku"), 1)}}));
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "yoshoku"), 2)}}));
  EXPECT_EQ(
      this->scan(),
      (std::vector<StoredOrder>{{.order = order("u", "1", "yoshoku"), .version = Version(2)}}));
}

TYPED_TEST(OrderStoreContract, ACorrectionInTheSameBatchReplacesTheOrder) {
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "washoku"), 1),
                                         this->in_bucket_7(order("u", "1", "yoshoku"), 2)}}));
  ASSERT_EQ(this->scan().size(), 1U);
  EXPECT_EQ(this->scan()[0].order.menu_type, MenuType("yoshoku"));
}

TYPED_TEST(OrderStoreContract, ACancelledOrderStaysStored) {
  Order cancelled = order("u", "1", "");
  cancelled.status = OrderStatus::cancelled;
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1"), 1)}}));
  value_of(this->store().put({.orders = {this->in_bucket_7(cancelled, 2)}}));
  EXPECT_EQ(this->scan(), (std::vector<StoredOrder>{{.order = cancelled, .version = Version(2)}}));
}

TYPED_TEST(OrderStoreContract, ALowerVersionLoses) {
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "new"), 10)}}));
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "old"), 9),
                                         this->in_bucket_7(order("u", "2", "other"), 8)}}));
  this->engine.reopen();
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "older"), 0)}}));
  EXPECT_EQ(this->scan(),
            (std::vector<StoredOrder>{{.order = order("u", "1", "new"), .version = Version(10)},
                                      {.order = order("u", "2", "other"), .version = Version(8)}}));
}

TYPED_TEST(OrderStoreContract, ALowerVersionInTheSameBatchLoses) {
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "new"), 10),
                                         this->in_bucket_7(order("u", "1", "old"), 9)}}));
  ASSERT_EQ(this->scan().size(), 1U);
  EXPECT_EQ(this->scan()[0].order.menu_type, MenuType("new"));
}

TYPED_TEST(OrderStoreContract, VersionZeroIsAVersion) {
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "first"), 0)}}));
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "again"), 0)}}));
  value_of(this->store().put({.orders = {this->in_bucket_7(order("u", "1", "second"), 1)}}));
  ASSERT_EQ(this->scan().size(), 1U);
  EXPECT_EQ(this->scan()[0].order.menu_type, MenuType("second"));
}

TYPED_TEST(OrderStoreContract, ScansByUserBytesThenOrderId) {
  // "a" is a prefix of "aa", and "a b" sorts between them; "é" is two bytes above ASCII.
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1"}, {"a", "12"}, {"a", "2"}, {"a b", "0"}, {"aa", "0"}, {"b", "0"}, {"é", "0"}};
  StoreBatch batch;
  std::uint64_t version = 0;
  for (auto pair = expected.rbegin(); pair != expected.rend(); ++pair)
    batch.orders.push_back(this->in_bucket_7(order(pair->first, pair->second), ++version));
  value_of(this->store().put(batch));

  std::vector<std::pair<std::string, std::string>> found;
  for (const StoredOrder& row : this->scan())
    found.emplace_back(row.order.user_id.value(), row.order.order_id.value());
  EXPECT_EQ(found, expected);
}

TYPED_TEST(OrderStoreContract, AScanHoldsOneDayAndBucketOnly) {
  const auto placed = [&](BusinessDay day, std::uint32_t bucket, std::string_view id,
                          std::uint64_t version) {
    return PlacedRow{.day = day,
                     .bucket = Bucket(bucket),
                     .stored = {.order = order("u", id), .version = Version(version)}};
  };
  value_of(this->store().put(
      {.orders = {placed(kDay, 7, "in", 1), placed(kDay, 8, "bucket", 2),
                  placed(kDay, 6, "bucket", 3), placed(kDay + std::chrono::days(1), 7, "day", 4),
                  placed(kDay - std::chrono::days(1), 7, "day", 5)}}));
  ASSERT_EQ(this->scan().size(), 1U);
  EXPECT_EQ(this->scan()[0].order.order_id, OrderId("in"));
}

TYPED_TEST(OrderStoreContract, DaysBefore1970AreDays) {
  // In a zone west of Greenwich, 1970-01-01T00:00Z belongs to the day before.
  const BusinessDay before = BusinessDay::from_days_since_1970(-1);
  PlacedRow row = this->in_bucket_7(order("u", "1"), 1);
  row.day = before;
  value_of(this->store().put({.orders = {row},
                              .marks = {this->mark(7, before, 1),
                                        this->mark(7, BusinessDay::from_days_since_1970(0), 1)}}));
  EXPECT_EQ(this->scan(7, before).size(), 1U);
  EXPECT_EQ(value_of(this->store().marks(Bucket(7))).begin()->first, before);
}

TYPED_TEST(OrderStoreContract, ALargeScanComesInPages) {
  StoreBatch batch;
  for (std::uint64_t i = 0; i < 20'000; ++i)
    batch.orders.push_back(
        this->in_bucket_7(order(fmt::format("user{:05}", i / 3), fmt::format("{:05}", i)), i));
  value_of(this->store().put(batch));

  const auto cursor = value_of(this->store().scan(kDay, Bucket(7)));
  std::vector<StoredOrder> page;
  std::uint64_t next = 0;
  while (true) {
    value_of(cursor->next(page, 777));
    if (page.empty()) break;
    ASSERT_LE(page.size(), 777U);
    for (const StoredOrder& row : page) ASSERT_EQ(row.version, Version(next++));
  }
  EXPECT_EQ(next, 20'000U);
  value_of(cursor->next(page, 777));
  EXPECT_TRUE(page.empty());
}

TYPED_TEST(OrderStoreContract, ACursorSeesNoLessThanWhenItWasMade) {
  value_of(this->store().put(
      {.orders = {this->in_bucket_7(order("a", "1"), 1), this->in_bucket_7(order("c", "1"), 2)}}));
  const auto cursor = value_of(this->store().scan(kDay, Bucket(7)));
  std::vector<StoredOrder> page;
  value_of(cursor->next(page, 1));
  value_of(this->store().put({.orders = {this->in_bucket_7(order("b", "1"), 3)}}));
  value_of(cursor->next(page, 10));
  ASSERT_FALSE(page.empty());
  EXPECT_EQ(page.back().order.user_id, UserId("c"));
}

TYPED_TEST(OrderStoreContract, MarksNeverGoBack) {
  value_of(this->store().put(
      {.marks = {this->mark(7, kDay, 5), this->mark(7, kDay, 9), this->mark(7, kDay, 6)}}));
  value_of(this->store().put({.marks = {this->mark(7, kDay, 4)}}));
  this->engine.reopen();
  value_of(this->store().put({.marks = {this->mark(7, kDay, 8)}}));
  EXPECT_EQ(value_of(this->store().marks(Bucket(7))).at(kDay),
            (Marks{{LogPartition(0), LogOffset(9)}}));
  value_of(this->store().put({.marks = {this->mark(7, kDay, 8), this->mark(7, kDay, 10)}}));
  EXPECT_EQ(value_of(this->store().marks(Bucket(7))).at(kDay),
            (Marks{{LogPartition(0), LogOffset(10)}}));
}

TYPED_TEST(OrderStoreContract, AMarkBelowTheHighestOfOtherDaysIsStored) {
  const BusinessDay next_day = kDay + std::chrono::days(1);
  value_of(this->store().put({.marks = {this->mark(7, kDay, 100)}}));
  value_of(this->store().put({.marks = {this->mark(7, next_day, 50)}}));
  value_of(this->store().put({.marks = {this->mark(7, next_day, 40), this->mark(8, kDay, 0)}}));
  EXPECT_EQ(value_of(this->store().marks(Bucket(7))),
            (std::map<BusinessDay, Marks>{{kDay, {{LogPartition(0), LogOffset(100)}}},
                                          {next_day, {{LogPartition(0), LogOffset(50)}}}}));
  EXPECT_EQ(value_of(this->store().marks(Bucket(8))),
            (std::map<BusinessDay, Marks>{{kDay, {{LogPartition(0), LogOffset(0)}}}}));
}

TYPED_TEST(OrderStoreContract, MarksAreKeptPerPartition) {
  value_of(this->store().put({.marks = {this->mark(7, kDay, 5, 0), this->mark(7, kDay, 3, 1),
                                        this->mark(7, kDay, 2, 1)}}));
  EXPECT_EQ(value_of(this->store().marks(Bucket(7))).at(kDay),
            (Marks{{LogPartition(0), LogOffset(5)}, {LogPartition(1), LogOffset(3)}}));
}

TYPED_TEST(OrderStoreContract, WatermarksNeverGoBack) {
  const LogPartition partition(0);
  value_of(append(this->engine->order_log(), std::vector<Order>(10, order("u", "1"))));
  const Watermark high{.next_offset = LogOffset(10), .stored_up_to = instant(100)};
  value_of(this->store().put({.watermarks = {{partition, high}}}));
  value_of(this->store().put(
      {.watermarks = {{partition, {.next_offset = LogOffset(9), .stored_up_to = instant(99)}}}}));
  EXPECT_EQ(value_of(this->store().watermarks()).at(partition), high);
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().watermarks()).at(partition), high);
}

TYPED_TEST(OrderStoreContract, AWatermarksTimeMovesWithoutOrders) {
  const LogPartition partition(0);
  value_of(this->store().put(
      {.watermarks = {{partition, {.next_offset = LogOffset(1), .stored_up_to = instant(1)}}}}));
  const Watermark later{.next_offset = LogOffset(1), .stored_up_to = instant(60)};
  value_of(this->store().put({.watermarks = {{partition, later}}}));
  EXPECT_EQ(value_of(this->store().watermarks()).at(partition), later);
}

TYPED_TEST(OrderStoreContract, OrdersOfAUserComeInPagesByOrderId) {
  StoreBatch batch;
  std::uint64_t version = 0;
  for (const char* id : {"3", "1", "2", "4"})
    batch.orders.push_back(this->row(order("u", id), ++version));
  batch.orders.push_back(this->row(order("uu", "1"), ++version));
  batch.orders.push_back(this->row(order("u", "1"), ++version, kDay + std::chrono::days(1)));
  value_of(this->store().put(batch));

  const auto ids = [&](std::optional<OrderId> after, std::size_t max) {
    std::string found;
    for (const StoredOrder& row : value_of(this->store().orders_of(
             UserId("u"), bucket_of(UserId("u"), kBucketCountDefault), kDay, after, max)))
      found += row.order.user_id.value() + row.order.order_id.value() + " ";
    return found;
  };
  EXPECT_EQ(ids(std::nullopt, 10), "u1 u2 u3 u4 ");
  EXPECT_EQ(ids(std::nullopt, 2), "u1 u2 ");
  EXPECT_EQ(ids(OrderId("2"), 10), "u3 u4 ");
  EXPECT_EQ(ids(OrderId("25"), 1), "u3 ");
  EXPECT_EQ(ids(OrderId("4"), 10), "");
  EXPECT_TRUE(
      value_of(this->store().orders_of(UserId("v"), bucket_of(UserId("v"), kBucketCountDefault),
                                       kDay, std::nullopt, 10))
          .empty());
}

TYPED_TEST(OrderStoreContract, OrdersOfAUserAreFoundWithAnotherBucketCount) {
  for (int i = 0; i < 20; ++i) {
    const Order placed = order(fmt::format("user{}", i), "1");
    PlacedRow row = this->row(placed, static_cast<std::uint64_t>(i));
    row.bucket = bucket_of(placed.user_id, BucketCount(1024));
    value_of(this->store().put({.orders = {row}}));
    EXPECT_EQ(value_of(this->store().orders_of(placed.user_id, row.bucket, kDay, std::nullopt, 10))
                  .size(),
              1U);
  }
}

// --- Erasures

// A user's orders on two days with their marks, and another's in the same bucket.
StoreBatch orders_of_two(BucketCount buckets) {
  const Bucket bucket = bucket_of(UserId("anna"), buckets);
  StoreBatch batch;
  const auto add = [&](const char* user, const char* id, int day, std::uint64_t version) {
    const BusinessDay on = kDay + std::chrono::days(day);
    batch.orders.push_back(
        {.day = on, .bucket = bucket, .stored = {order(user, id), Version(version)}});
    batch.marks.push_back(
        {.day = on,
         .bucket = bucket,
         .position = {.partition = LogPartition(0), .offset = LogOffset(version)}});
  };
  add("anna", "1", 0, 1);
  add("ben", "1", 0, 2);
  add("anna", "2", 0, 3);
  add("anna", "1", 1, 4);
  add("ben", "1", 2, 5);
  return batch;
}

template <class Engine>
class ErasureContract : public OrderStoreContract<Engine> {
 protected:
  void SetUp() override { value_of(this->store().put(orders_of_two(kBucketCountDefault))); }

  ErasureOrder erasure(std::uint64_t offset) const {
    return {.user_id = UserId("anna"),
            .bucket = bucket,
            .position = {.partition = LogPartition(0), .offset = LogOffset(offset)},
            .requested_at = instant(7),
            .dead_letters = 2};
  }
  std::size_t rows(const char* user, int day) {
    return value_of(this->store().orders_of(UserId(user), bucket, kDay + std::chrono::days(day),
                                            std::nullopt, 100))
        .size();
  }

  const Bucket bucket = bucket_of(UserId("anna"), kBucketCountDefault);
};
TYPED_TEST_SUITE(ErasureContract, Engines, EngineNames);

TYPED_TEST(ErasureContract, RemovesWhatIsOlderAndKeepsWhatItWas) {
  const std::size_t others = this->scan(this->bucket.value(), kDay).size();
  value_of(this->store().erase(this->erasure(6)));
  this->engine.reopen();
  EXPECT_EQ(this->rows("anna", 0), 0U);
  EXPECT_EQ(this->rows("anna", 1), 0U);
  EXPECT_EQ(this->scan(this->bucket.value(), kDay).size(), others - 2);

  const auto erasures = value_of(this->store().erasures(this->bucket));
  ASSERT_EQ(erasures.size(), 1U);
  const Erasure& erasure = erasures.front();
  EXPECT_EQ(erasure.state, ErasureState::stored);
  EXPECT_EQ(erasure.position, this->erasure(6).position);
  EXPECT_EQ(erasure.bucket, this->bucket);
  EXPECT_EQ(erasure.user_id, UserId("anna"));
  EXPECT_EQ(erasure.digest, digest_of(UserId("anna")));
  EXPECT_EQ(erasure.requested_at, instant(7));
  EXPECT_EQ(erasure.removed.orders, 3U);
  EXPECT_EQ(erasure.removed.dead_letters, 2U);
  // More than the versions of what went: 1, 3 and 4, each counted with one more.
  EXPECT_EQ(erasure.days, (std::map<BusinessDay, std::uint64_t>{
                              {kDay, 1 + 2 + 4}, {kDay + std::chrono::days(1), 1 + 5}}));
  EXPECT_TRUE(value_of(this->store().erasures(Bucket(this->bucket.value() + 1))).empty());
}

TYPED_TEST(ErasureContract, MarksTheDaysThatLostSomethingAndNoOthers) {
  value_of(this->store().erase(this->erasure(6)));
  const auto marks = value_of(this->store().marks(this->bucket));
  EXPECT_EQ(marks.at(kDay).at(LogPartition(0)), LogOffset(6));
  EXPECT_EQ(marks.at(kDay + std::chrono::days(1)).at(LogPartition(0)), LogOffset(6));
  EXPECT_EQ(marks.at(kDay + std::chrono::days(2)).at(LogPartition(0)), LogOffset(5));
}

TYPED_TEST(ErasureContract, KeepsWhatIsNewer) {
  value_of(this->store().erase(this->erasure(3)));
  EXPECT_EQ(this->rows("anna", 0), 1U);
  EXPECT_EQ(this->rows("anna", 1), 1U);
  StoreBatch later;
  later.orders.push_back(
      {.day = kDay, .bucket = this->bucket, .stored = {order("anna", "1"), Version(7)}});
  value_of(this->store().put(later));
  EXPECT_EQ(this->rows("anna", 0), 2U);
}

TYPED_TEST(ErasureContract, ErasingAgainIsTheSameAsOnce) {
  value_of(this->store().erase(this->erasure(6)));
  const auto once = value_of(this->store().erasures(this->bucket));
  value_of(this->store().erase(this->erasure(6)));
  EXPECT_EQ(value_of(this->store().erasures(this->bucket)), once);
  value_of(this->store().erase(this->erasure(9)));
  const auto twice = value_of(this->store().erasures(this->bucket));
  ASSERT_EQ(twice.size(), 2U);
  EXPECT_EQ(twice[0], once[0]);
  EXPECT_EQ(twice[1].removed.orders, 0U);
}

TYPED_TEST(ErasureContract, AnErasureMovesOnAndNeverBack) {
  value_of(this->store().erase(this->erasure(6)));
  Erasure erasure = value_of(this->store().erasures(this->bucket)).front();
  const Erasure stored = erasure;
  erasure.days.emplace(kDay + std::chrono::days(9), 100);
  value_of(this->store().put_erasure(erasure));
  EXPECT_EQ(value_of(this->store().erasures(this->bucket)).front(), erasure);
  erasure.state = ErasureState::done;
  erasure.user_id = {};
  erasure.finished_at = instant(8);
  value_of(this->store().put_erasure(erasure));
  value_of(this->store().put_erasure(stored));
  value_of(this->store().erase(this->erasure(6)));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().erasures(this->bucket)).front(), erasure);
}

// --- Expired days

TYPED_TEST(ErasureContract, ADaysOrdersLeaveAndItsMarksStay) {
  const auto marks = value_of(this->store().marks(this->bucket));
  const BusinessDay next = kDay + std::chrono::days(1);
  value_of(this->store().remove_orders(kDay, this->bucket, marks.at(kDay)));
  value_of(this->store().remove_orders(kDay, this->bucket, marks.at(kDay)));
  value_of(this->store().reclaim(next));
  this->engine.reopen();
  EXPECT_TRUE(this->scan(this->bucket.value(), kDay).empty());
  EXPECT_EQ(this->rows("anna", 0), 0U);
  EXPECT_EQ(this->rows("anna", 1), 1U);
  EXPECT_EQ(this->scan(this->bucket.value(), kDay + std::chrono::days(2)).size(), 1U);
  EXPECT_EQ(value_of(this->store().marks(this->bucket)), marks);
}

}  // namespace
}  // namespace konomi::contract
