#include "adapters/rocks/order_store.h"

#include "adapters/rocks/keys.h"
#include "adapters/rocks/row_cursor.h"
#include "encoding/values.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::string_view kHighestVersionKey = "highest_version";
constexpr std::string_view kHighestMarkPrefix = "highest_mark";
constexpr std::string_view kWatermarkPrefix = "watermark";

std::string order_prefix(BusinessDay day, Bucket bucket) {
  return KeyWriter().day(day).bucket(bucket).take();
}

std::string order_key(const PlacedRow& row) {
  return KeyWriter()
      .day(row.day)
      .bucket(row.bucket)
      .text(row.stored.order.user_id.value())
      .last_text(row.stored.order.order_id.value())
      .take();
}

std::string mark_key(const DayMark& mark) {
  return KeyWriter().bucket(mark.bucket).day(mark.day).partition(mark.position.partition).take();
}

std::string erasure_key(Bucket bucket, const LogPosition& position) {
  return KeyWriter().bucket(bucket).partition(position.partition).offset(position.offset).take();
}

Result<StoredOrder> decode_row(std::string_view key_rest, std::string_view value) {
  KONOMI_TRY(StoredOrder row, encoding::decode_order(value));
  KeyReader key(key_rest);
  KONOMI_TRY(const std::string_view user_id, key.text());
  row.order.user_id = UserId(std::string(user_id));
  row.order.order_id = OrderId(std::string(key.last_text()));
  return row;
}

std::string partition_key(std::string_view prefix, LogPartition partition) {
  return KeyWriter().text(prefix).partition(partition).take();
}

}  // namespace

std::string watermark_key(LogPartition partition) {
  return partition_key(kWatermarkPrefix, partition);
}

Result<void> RocksOrderStore::put(const StoreBatch& batch) {
  const MutexLock lock(put_mutex_);
  KONOMI_TRY(const Highest highest, read_highest(batch));
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  KONOMI_CHECK_OK(put_orders(batch.orders, highest, rows));
  KONOMI_CHECK_OK(put_marks(batch.marks, highest, rows));
  KONOMI_CHECK_OK(put_watermarks(batch.watermarks, rows));
  return rows.commit(Durability::written_through);
}

Result<RocksOrderStore::Highest> RocksOrderStore::read_highest(const StoreBatch& batch) {
  Highest highest;
  KONOMI_TRY(const auto version, read_row(database_, kSettings, kHighestVersionKey));
  if (version) {
    KONOMI_TRY(const std::uint64_t number, encoding::decode_number(*version));
    highest.version = Version(number);
    highest.has_version = true;
  }
  for (const DayMark& mark : batch.marks) {
    const LogPartition partition = mark.position.partition;
    if (highest.marks.contains(partition)) continue;
    KONOMI_TRY(const auto stored,
               read_row(database_, kSettings, partition_key(kHighestMarkPrefix, partition)));
    if (!stored) continue;
    KONOMI_TRY(const std::uint64_t offset, encoding::decode_number(*stored));
    highest.marks.emplace(partition, LogOffset(offset));
  }
  return highest;
}

Result<void> RocksOrderStore::put_orders(const std::vector<PlacedRow>& orders,
                                         const Highest& highest, RowBatch& rows) {
  if (orders.empty()) return {};
  bool is_ascending = true;
  bool has_reached = highest.has_version;
  Version reached = highest.version;
  for (const PlacedRow& row : orders) {
    KONOMI_CHECK_OK(check_key_text("user_id", row.stored.order.user_id.value()));
    is_ascending = is_ascending && (!has_reached || row.stored.version > reached);
    reached = has_reached ? std::max(reached, row.stored.version) : row.stored.version;
    has_reached = true;
  }
  if (is_ascending) {
    for (const PlacedRow& row : orders)
      rows.put(kOrders, order_key(row), encoding::encode_order(row.stored));
  } else {
    KONOMI_CHECK_OK(put_compared(orders, rows));
  }
  rows.put(kSettings, kHighestVersionKey, encoding::encode_number(reached.value()));
  return {};
}

Result<void> RocksOrderStore::put_compared(const std::vector<PlacedRow>& orders, RowBatch& rows) {
  std::map<std::string, const PlacedRow*> newest;
  for (const PlacedRow& row : orders) {
    const PlacedRow*& found = newest[order_key(row)];
    if (found == nullptr || !(row.stored.version < found->stored.version)) found = &row;
  }
  std::vector<std::string> keys;
  for (const auto& [key, row] : newest) keys.push_back(key);
  KONOMI_TRY(const auto stored, read_rows(database_, kOrders, keys));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const PlacedRow& row = *newest.at(keys[i]);
    if (stored[i]) {
      KONOMI_TRY(const Version version, encoding::decode_order_version(*stored[i]));
      if (row.stored.version < version) continue;
    }
    rows.put(kOrders, keys[i], encoding::encode_order(row.stored));
  }
  return {};
}

Result<void> RocksOrderStore::put_marks(const std::vector<DayMark>& marks, const Highest& highest,
                                        RowBatch& rows) {
  std::map<std::string, LogOffset> to_compare;
  std::map<std::string, LogOffset> above;
  Marks reached = highest.marks;
  for (const DayMark& mark : marks) {
    const auto [partition, offset] = mark.position;
    const auto found = highest.marks.find(partition);
    const bool is_above = found == highest.marks.end() || offset > found->second;
    LogOffset& of_row = (is_above ? above : to_compare)[mark_key(mark)];
    of_row = std::max(of_row, offset);
    LogOffset& of_partition = reached[partition];
    of_partition = std::max(of_partition, offset);
  }
  for (const auto& [key, offset] : to_compare) {
    KONOMI_TRY(const auto stored, read_row(database_, kDayMarks, key));
    if (stored) {
      KONOMI_TRY(const std::uint64_t number, encoding::decode_number(*stored));
      if (LogOffset(number) >= offset) continue;
    }
    rows.put(kDayMarks, key, encoding::encode_number(offset.value()));
  }
  // After the compared ones: one row may have marks of both kinds.
  for (const auto& [key, offset] : above)
    rows.put(kDayMarks, key, encoding::encode_number(offset.value()));
  for (const auto& [partition, offset] : reached) {
    rows.put(kSettings, partition_key(kHighestMarkPrefix, partition),
             encoding::encode_number(offset.value()));
  }
  return {};
}

Result<void> RocksOrderStore::put_watermarks(const std::map<LogPartition, Watermark>& watermarks,
                                             RowBatch& rows) {
  for (const auto& [partition, given] : watermarks) {
    const std::string key = watermark_key(partition);
    Watermark watermark = given;
    KONOMI_TRY(const auto value, read_row(database_, kSettings, key));
    if (value) {
      KONOMI_TRY(const Watermark stored, encoding::decode_watermark(*value));
      watermark.next_offset = std::max(watermark.next_offset, stored.next_offset);
      watermark.stored_up_to = std::max(watermark.stored_up_to, stored.stored_up_to);
      if (watermark == stored) continue;
    }
    rows.put(kSettings, key, encoding::encode_watermark(watermark));
  }
  return {};
}

Result<std::map<LogPartition, Watermark>> RocksOrderStore::watermarks() {
  KONOMI_TRY(RowWalk walk,
             RowWalk::begin(database_, kSettings, KeyWriter().text(kWatermarkPrefix).take()));
  std::map<LogPartition, Watermark> watermarks;
  while (true) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) return watermarks;
    KONOMI_TRY(const LogPartition partition, KeyReader(walk.key_rest()).partition());
    KONOMI_TRY(const Watermark watermark, encoding::decode_watermark(walk.value()));
    watermarks.emplace(partition, watermark);
  }
}

Result<std::map<BusinessDay, Marks>> RocksOrderStore::marks(Bucket bucket) {
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kDayMarks, KeyWriter().bucket(bucket).take()));
  std::map<BusinessDay, Marks> marks;
  while (true) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) return marks;
    KeyReader key(walk.key_rest());
    KONOMI_TRY(const BusinessDay day, key.day());
    KONOMI_TRY(const LogPartition partition, key.partition());
    KONOMI_TRY(const std::uint64_t offset, encoding::decode_number(walk.value()));
    marks[day].emplace(partition, LogOffset(offset));
  }
}

Result<std::unique_ptr<Cursor<StoredOrder>>> RocksOrderStore::scan(BusinessDay day, Bucket bucket) {
  return make_cursor<StoredOrder>(RowWalk::begin(database_, kOrders, order_prefix(day, bucket)),
                                  decode_row);
}

Result<std::vector<StoredOrder>> RocksOrderStore::orders_of(const UserId& user_id, Bucket bucket,
                                                            BusinessDay day,
                                                            const std::optional<OrderId>& after,
                                                            std::size_t orders_max) {
  const std::string prefix = KeyWriter().day(day).bucket(bucket).text(user_id.value()).take();
  std::optional<std::string> after_key;
  if (after) after_key = prefix + after->value();
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kOrders, prefix, std::move(after_key)));
  std::vector<StoredOrder> orders;
  while (orders.size() < orders_max) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) break;
    KONOMI_TRY(StoredOrder row, encoding::decode_order(walk.value()));
    row.order.user_id = user_id;
    row.order.order_id = OrderId(std::string(walk.key_rest()));
    orders.push_back(std::move(row));
  }
  return orders;
}

// Only marks of days that are there are raised: a day without a mark has no orders.
Result<void> RocksOrderStore::erase(const ErasureOrder& given) {
  const MutexLock lock(put_mutex_);
  const std::string key = erasure_key(given.bucket, given.position);
  KONOMI_TRY(const auto stored, read_row(database_, kErasures, key));
  if (stored) return {};  // Its marks and deletions were in the same write.
  Erasure erasure = begun(given, ErasureState::stored);
  StoreBatch marks;
  KONOMI_TRY(const auto days, this->marks(given.bucket));
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (const auto& [day, of_day] : days) {
    const std::string prefix =
        KeyWriter().day(day).bucket(given.bucket).text(given.user_id.value()).take();
    KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kOrders, prefix));
    while (true) {
      KONOMI_TRY(const bool found, walk.advance());
      if (!found) break;
      KONOMI_TRY(const Version version, encoding::decode_order_version(walk.value()));
      if (version.value() >= given.position.offset.value()) continue;
      rows.remove(kOrders, prefix + std::string(walk.key_rest()));
      note_removed(erasure, day, version);
    }
    if (!erasure.days.contains(day)) continue;
    marks.marks.push_back({.day = day, .bucket = given.bucket, .position = given.position});
  }
  rows.put(kErasures, key, encoding::encode_erasure(erasure));
  KONOMI_TRY(const Highest highest, read_highest(marks));
  KONOMI_CHECK_OK(put_marks(marks.marks, highest, rows));
  return rows.commit(Durability::synced);
}

Result<std::vector<Erasure>> RocksOrderStore::erasures(Bucket bucket) {
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kErasures, KeyWriter().bucket(bucket).take()));
  std::vector<Erasure> erasures;
  while (true) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) return erasures;
    KeyReader key(walk.key_rest());
    KONOMI_TRY(Erasure erasure, encoding::decode_erasure(walk.value()));
    erasure.bucket = bucket;
    KONOMI_TRY(erasure.position.partition, key.partition());
    KONOMI_TRY(erasure.position.offset, key.offset());
    erasures.push_back(std::move(erasure));
  }
}

Result<void> RocksOrderStore::remove_orders(BusinessDay day, Bucket bucket,
                                            const Marks& /*marks*/) {
  const MutexLock lock(put_mutex_);
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  rows.remove_all(kOrders, order_prefix(day, bucket),
                  order_prefix(day, Bucket(bucket.value() + 1)));
  return rows.commit(Durability::written_through);
}

Result<void> RocksOrderStore::reclaim(BusinessDay before) {
  KONOMI_TRY(const auto open, database_.writable());
  constexpr std::array<std::size_t, 1> kFamilies = {kOrders};
  const std::string end = KeyWriter().day(before).take();
  return open->purge(kFamilies, end);
}

Result<void> RocksOrderStore::put_erasure(const Erasure& erasure) {
  const MutexLock lock(put_mutex_);
  const std::string key = erasure_key(erasure.bucket, erasure.position);
  KONOMI_TRY(const auto value, read_row(database_, kErasures, key));
  if (value) {
    KONOMI_TRY(const Erasure stored, encoding::decode_erasure(*value));
    if (stored.state > erasure.state) return {};
  }
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  rows.put(kErasures, key, encoding::encode_erasure(erasure));
  return rows.commit(Durability::synced);
}

}  // namespace konomi::rocks
