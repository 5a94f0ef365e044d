#include "adapters/cassandra/order_store.h"

#include "adapters/cassandra/page_cursor.h"
#include "adapters/cassandra/statement_table.h"
#include "base/bytes.h"
#include "encoding/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace konomi::cassandra {
namespace {

constexpr std::uint32_t kOrdersPerPage = 4000;
constexpr std::uint32_t kMarksPerPage = 5000;
constexpr std::uint32_t kUserOrdersPerPage = 500;

std::int64_t number_of(LogOffset offset) {
  return timestamp_of(Version(offset.value()));
}

std::int32_t number_of(LogPartition partition) {
  return static_cast<std::int32_t>(partition.value());
}

LogPartition partition_of(std::int32_t number) {
  return LogPartition(static_cast<std::uint32_t>(number));
}

LogOffset offset_of(std::int64_t number) {
  return LogOffset(static_cast<std::uint64_t>(number));
}

std::string partition_key(BusinessDay day, Bucket bucket) {
  std::string key;
  append_u32(key, static_cast<std::uint32_t>(day.days_since_1970()));
  append_u32(key, bucket.value());
  return key;
}

Result<OrderStatus> status_of(std::int8_t number) {
  if (number == static_cast<std::int8_t>(OrderStatus::placed)) return OrderStatus::placed;
  if (number == static_cast<std::int8_t>(OrderStatus::cancelled)) return OrderStatus::cancelled;
  return fail(ErrorCode::corrupted,
              fmt::format("an order's status in raw_orders is {}, expected 0 or 1", number));
}

Result<StoredOrder> decode_order(RowReader& row) {
  StoredOrder stored;
  KONOMI_TRY(const std::string_view user_id, row.bytes());
  KONOMI_TRY(const std::string_view order_id, row.bytes());
  KONOMI_TRY(const std::string_view menu_type, row.bytes());
  stored.order.user_id = UserId(std::string(user_id));
  stored.order.order_id = OrderId(std::string(order_id));
  stored.order.menu_type = MenuType(std::string(menu_type));
  KONOMI_TRY(stored.order.ordered_at, row.timestamp());
  KONOMI_TRY(const std::int8_t status, row.tinyint());
  KONOMI_TRY(stored.order.status, status_of(status));
  KONOMI_TRY(const std::int64_t version, row.bigint());
  stored.version = Version(static_cast<std::uint64_t>(version));
  return stored;
}

}  // namespace

Result<std::unique_ptr<CassandraOrderStore>> CassandraOrderStore::open(Session& session,
                                                                       std::string_view keyspace) {
  static constexpr StatementRow<Statements> kTable[] = {
      {&Statements::put_order,
       "INSERT INTO {}.raw_orders (order_date, bucket, user_id, order_id, menu_type, ordered_at, "
       "status, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"},
      {&Statements::put_mark,
       "INSERT INTO {}.day_marks (bucket, order_date, log_partition, log_offset) VALUES (?, ?, ?, "
       "?) USING TIMESTAMP ?"},
      {&Statements::put_next_offset,
       "INSERT INTO {}.watermarks (log_partition, next_offset) VALUES (?, ?) USING TIMESTAMP ?"},
      {&Statements::put_stored_up_to,
       "INSERT INTO {}.watermarks (log_partition, stored_up_to) VALUES (?, ?) USING TIMESTAMP ?"},
      {&Statements::watermarks,
       "SELECT log_partition, next_offset, stored_up_to FROM {}.watermarks", kMarksPerPage},
      {&Statements::marks,
       "SELECT order_date, log_partition, log_offset FROM {}.day_marks WHERE bucket = ?",
       kMarksPerPage},
      {&Statements::scan,
       "SELECT user_id, order_id, menu_type, ordered_at, status, version FROM {}.raw_orders WHERE "
       "order_date = ? AND bucket = ?",
       kOrdersPerPage},
      {&Statements::orders_of,
       "SELECT user_id, order_id, menu_type, ordered_at, status, version FROM {}.raw_orders WHERE "
       "order_date = ? AND bucket = ? AND user_id = ? AND order_id > ? LIMIT ?",
       kUserOrdersPerPage},
      {&Statements::versions_of,
       "SELECT version FROM {}.raw_orders WHERE order_date = ? AND bucket = ? AND user_id = ?",
       kUserOrdersPerPage},
      {&Statements::remove_user,
       "DELETE FROM {}.raw_orders USING TIMESTAMP ? WHERE order_date = ? AND bucket = ? AND "
       "user_id = ?"},
      {&Statements::put_erasure,
       "INSERT INTO {}.erasures (bucket, log_partition, log_offset, value) VALUES (?, ?, ?, ?) "
       "USING TIMESTAMP ?"},
      {&Statements::erasures,
       "SELECT log_partition, log_offset, value FROM {}.erasures WHERE bucket = ?", kMarksPerPage},
      {&Statements::remove_orders,
       "DELETE FROM {}.raw_orders USING TIMESTAMP ? WHERE order_date = ? AND bucket = ?"},
  };
  KONOMI_TRY(Statements statements, prepare_all(session, keyspace, kTable));
  return std::unique_ptr<CassandraOrderStore>(
      new CassandraOrderStore(session, std::move(statements)));
}

// Each step begins when the one before it is stored on a quorum: a mark must never be seen without
// its orders, nor a watermark without what it stands for.
Result<void> CassandraOrderStore::put(const StoreBatch& batch) {
  KONOMI_CHECK_OK(put_orders(batch.orders));
  KONOMI_CHECK_OK(put_marks(batch.marks));
  return put_watermarks(batch.watermarks);
}

Result<void> CassandraOrderStore::put_orders(const std::vector<PlacedRow>& orders) {
  PartitionedWrites writes;
  for (const PlacedRow& row : orders) {
    const Order& order = row.stored.order;
    const std::int64_t version = timestamp_of(row.stored.version);
    // Every column, so that a row is never a mixture of an order and its correction.
    writes.add(statements_.put_order, partition_key(row.day, row.bucket))
        .date(row.day)
        .bucket(row.bucket)
        .bytes(order.user_id.value())
        .bytes(order.order_id.value())
        .bytes(order.menu_type.value())
        .timestamp(order.ordered_at)
        .tinyint(static_cast<std::int8_t>(order.status))
        .bigint(version)
        .bigint(version);
  }
  return session_.write(writes.batches());
}

Result<void> CassandraOrderStore::put_marks(const std::vector<DayMark>& marks) {
  PartitionedWrites writes;
  for (const DayMark& mark : marks) {
    const std::int64_t offset = number_of(mark.position.offset);
    writes.add(statements_.put_mark, partition_key(BusinessDay(), mark.bucket))
        .bucket(mark.bucket)
        .date(mark.day)
        .integer(number_of(mark.position.partition))
        .bigint(offset)
        .bigint(offset);
  }
  return session_.write(writes.batches());
}

Result<void> CassandraOrderStore::put_watermarks(
    const std::map<LogPartition, Watermark>& watermarks) {
  Requests requests;
  for (const auto& [partition, watermark] : watermarks) {
    const std::int64_t next_offset = number_of(watermark.next_offset);
    const std::int64_t stored_up_to = watermark.stored_up_to.time_since_epoch().count();
    requests.add(statements_.put_next_offset)
        .integer(number_of(partition))
        .bigint(next_offset)
        .bigint(next_offset);
    requests.join(statements_.put_stored_up_to)
        .integer(number_of(partition))
        .bigint(stored_up_to)
        .bigint(stored_up_to);
  }
  return session_.write(requests);
}

Result<std::map<LogPartition, Watermark>> CassandraOrderStore::watermarks() {
  Requests requests;
  requests.add(statements_.watermarks);
  std::map<LogPartition, Watermark> watermarks;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::int32_t partition, row.integer());
    Watermark& watermark = watermarks[partition_of(partition)];
    KONOMI_TRY(const std::int64_t next_offset, row.bigint());
    watermark.next_offset = offset_of(next_offset);
    KONOMI_TRY(watermark.stored_up_to, row.timestamp());
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return watermarks;
}

Result<std::map<BusinessDay, Marks>> CassandraOrderStore::marks(Bucket bucket) {
  Requests requests;
  requests.add(statements_.marks).bucket(bucket);
  std::map<BusinessDay, Marks> marks;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const BusinessDay day, row.date());
    KONOMI_TRY(const std::int32_t partition, row.integer());
    KONOMI_TRY(const std::int64_t offset, row.bigint());
    marks[day].emplace(partition_of(partition), offset_of(offset));
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return marks;
}

Result<std::unique_ptr<Cursor<StoredOrder>>> CassandraOrderStore::scan(BusinessDay day,
                                                                       Bucket bucket) {
  Requests request;
  request.add(statements_.scan).date(day).bucket(bucket);
  return make_cursor<StoredOrder>(session_, std::move(request), decode_order);
}

Result<std::vector<StoredOrder>> CassandraOrderStore::orders_of(const UserId& user_id,
                                                                Bucket bucket, BusinessDay day,
                                                                const std::optional<OrderId>& after,
                                                                std::size_t orders_max) {
  std::vector<StoredOrder> orders;
  if (orders_max == 0) return orders;
  constexpr std::size_t kLimitMax = std::numeric_limits<std::int32_t>::max();
  Requests requests;
  requests.add(statements_.orders_of)
      .date(day)
      .bucket(bucket)
      .bytes(user_id.value())
      // No order id is empty: so all lie behind this one.
      .bytes(after ? after->value() : "")
      .integer(static_cast<std::int32_t>(std::min(orders_max, kLimitMax)));
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(StoredOrder order, decode_order(row));
    orders.push_back(std::move(order));
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return orders;
}

// The timestamp hides what a consumer that lost its partition still writes.
Result<void> CassandraOrderStore::remove_orders(BusinessDay day, Bucket bucket,
                                                const Marks& marks) {
  LogOffset highest;
  for (const auto& [partition, offset] : marks) highest = std::max(highest, offset);
  Requests requests;
  requests.add(statements_.remove_orders).bigint(number_of(highest)).date(day).bucket(bucket);
  return session_.write(requests);
}

Result<void> CassandraOrderStore::reclaim(BusinessDay /*before*/) {
  return {};  // Its compactions do.
}

Result<void> CassandraOrderStore::erase(const ErasureOrder& given) {
  KONOMI_TRY(Erasure erasure, begin_erasure(given));
  if (erasure.state == ErasureState::removing) {
    PartitionedWrites deletions;
    for (const auto& [day, version] : erasure.days) {
      deletions.add(statements_.remove_user, partition_key(day, given.bucket))
          .bigint(number_of(LogOffset(given.position.offset.value() - 1)))
          .date(day)
          .bucket(given.bucket)
          .bytes(given.user_id.value());
    }
    KONOMI_CHECK_OK(session_.write(deletions.batches()));
    erasure.state = ErasureState::stored;
    KONOMI_CHECK_OK(put_erasure(erasure));
  }
  std::vector<DayMark> marks;
  for (const auto& [day, version] : erasure.days)
    marks.push_back({.day = day, .bucket = given.bucket, .position = given.position});
  return put_marks(marks);
}

// What an earlier attempt wrote down stays: a part of its orders may be gone.
Result<Erasure> CassandraOrderStore::begin_erasure(const ErasureOrder& given) {
  KONOMI_TRY(const auto earlier, erasures(given.bucket));
  const auto found = std::ranges::find(earlier, given.position, &Erasure::position);
  if (found != earlier.end()) {
    if (found->state == ErasureState::removing) KONOMI_CHECK_OK(put_erasure(*found));
    return *found;
  }
  Erasure erasure = begun(given, ErasureState::removing);
  KONOMI_TRY(const auto marked, marks(given.bucket));
  Requests requests;
  std::vector<BusinessDay> days;
  for (const auto& [day, of_day] : marked) {
    requests.add(statements_.versions_of)
        .date(day)
        .bucket(given.bucket)
        .bytes(given.user_id.value());
    days.push_back(day);
  }
  const auto take = [&](std::size_t index, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::int64_t version, row.bigint());
    if (offset_of(version) < given.position.offset)
      note_removed(erasure, days[index], Version(static_cast<std::uint64_t>(version)));
    return {};
  };
  if (!days.empty()) KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  KONOMI_CHECK_OK(put_erasure(erasure));
  return erasure;
}

Result<std::vector<Erasure>> CassandraOrderStore::erasures(Bucket bucket) {
  Requests requests;
  requests.add(statements_.erasures).bucket(bucket);
  std::vector<Erasure> erasures;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::int32_t partition, row.integer());
    KONOMI_TRY(const std::int64_t offset, row.bigint());
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(Erasure erasure, encoding::decode_erasure(value));
    erasure.bucket = bucket;
    erasure.position = {.partition = partition_of(partition), .offset = offset_of(offset)};
    erasures.push_back(std::move(erasure));
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return erasures;
}

// The timestamp is the state and how many days are known, so that neither goes back.
Result<void> CassandraOrderStore::put_erasure(const Erasure& erasure) {
  Requests requests;
  requests.add(statements_.put_erasure)
      .bucket(erasure.bucket)
      .integer(number_of(erasure.position.partition))
      .bigint(number_of(erasure.position.offset))
      .bytes(encoding::encode_erasure(erasure))
      .bigint((static_cast<std::int64_t>(erasure.state) << 32) +
              static_cast<std::int64_t>(erasure.days.size()) + 1);
  return session_.write(requests);
}

}  // namespace konomi::cassandra
