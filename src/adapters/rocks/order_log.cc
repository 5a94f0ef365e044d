#include "adapters/rocks/order_log.h"

#include "adapters/rocks/log_record.h"
#include "adapters/rocks/status.h"
#include "base/assert.h"
#include "base/log.h"
#include "encoding/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <semaphore>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::string_view kTrimmedKey = "trimmed";

// Where the log ended that was trimmed to its end.
Result<Watermark> end_of_trimmed(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta) {
  std::string value;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), meta, kTrimmedKey, &value);
  if (status.IsNotFound()) return Watermark{};
  if (!status.ok()) return std::unexpected(error_of(status, "cannot read the end of the log"));
  return encoding::decode_watermark(value);
}

Result<LogBounds> bounds_of(const OpenDatabase& open) {
  return read_log_bounds(open.db(), open.family(kLogMeta), open.family(kLogRecords));
}

}  // namespace

Result<LogBounds> read_log_bounds(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta,
                                  rocksdb::ColumnFamilyHandle* records) {
  LogBounds bounds;
  const std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator(rocksdb::ReadOptions(), records));
  rows->SeekToFirst();
  if (rows->Valid()) {
    KONOMI_TRY(bounds.begin, decode_log_key(rows->key().ToStringView()));
    rows->SeekToLast();
  }
  if (!rows->status().ok())
    return std::unexpected(error_of(rows->status(), "cannot read where the log begins and ends"));
  if (!rows->Valid()) {
    KONOMI_TRY(const Watermark trimmed, end_of_trimmed(db, meta));
    return LogBounds{.begin = trimmed.next_offset,
                     .end = trimmed.next_offset,
                     .last_logged_at = trimmed.stored_up_to};
  }
  KONOMI_TRY(const LogOffset last, decode_log_key(rows->key().ToStringView()));
  KONOMI_TRY(const LogHead head, decode_log_head(rows->value().ToStringView()));
  bounds.end = LogOffset(last.value() + head.orders);
  bounds.last_logged_at = head.logged_at;
  return bounds;
}

// The orders of one request, cut into pieces that fit a record.
struct RocksOrderLog::Encoded {
  struct Piece {
    std::size_t orders = 0;
    std::size_t bytes_end = 0;
  };
  std::string bytes;
  std::vector<Piece> pieces;
  std::size_t orders = 0;
};

RocksOrderLog::RocksOrderLog(Database& database, const Clock& clock, const LogLimits& limits)
    : database_(database), clock_(clock), limits_(limits) {}

Result<std::unique_ptr<RocksOrderLog>> RocksOrderLog::open(Database& database, const Clock& clock,
                                                           const LogLimits& limits) {
  std::unique_ptr<RocksOrderLog> log(new RocksOrderLog(database, clock, limits));
  KONOMI_CHECK_OK(log->read_end());
  log->writer_ = std::jthread([log = log.get()] { log->write_until_closed(); });
  return log;
}

RocksOrderLog::~RocksOrderLog() {
  close();
}

Result<void> RocksOrderLog::read_end() {
  KONOMI_TRY(const auto open, database_.readable());
  KONOMI_TRY(const LogBounds bounds, bounds_of(*open));
  generation_ = open->generation();
  next_offset_ = bounds.end;
  last_logged_at_ = bounds.last_logged_at;
  const MutexLock lock(mutex_);
  end_ = next_offset_;
  return {};
}

RocksOrderLog::Encoded RocksOrderLog::encode(const std::vector<Order>& orders) const {
  Encoded encoded;
  encoded.orders = orders.size();
  std::size_t piece_begin = 0;
  for (const Order& order : orders) {
    append_log_order(encoded.bytes, order);
    const bool is_new = encoded.pieces.empty() ||
                        encoded.pieces.back().orders == limits_.record_orders_max ||
                        encoded.bytes.size() - piece_begin > limits_.record_bytes_max;
    if (is_new) {
      piece_begin = encoded.pieces.empty() ? 0 : encoded.pieces.back().bytes_end;
      encoded.pieces.emplace_back();
    }
    ++encoded.pieces.back().orders;
    encoded.pieces.back().bytes_end = encoded.bytes.size();
  }
  return encoded;
}

void RocksOrderLog::append(std::vector<Order> orders, Completion<void> done) {
  if (orders.empty()) return done({});
  // Encoding happens on the caller's thread, so that the one writer only concatenates.
  Encoded encoded = encode(orders);
  std::optional<Error> refused;
  {
    const MutexLock lock(mutex_);
    refused = refusal(encoded.orders, encoded.bytes.size());
    if (!refused) {
      enqueue(std::move(encoded), std::move(done));
      wake_writer();
      return;
    }
  }
  done(std::unexpected(*std::move(refused)));
}

Result<std::vector<LogPosition>> RocksOrderLog::replay(const std::vector<ReplayedOrder>& orders) {
  KONOMI_ASSERT(orders.size() <= kReplayedOrdersMax, "a replay is one record");
  if (orders.empty()) return std::vector<LogPosition>();
  Record record{.kind = LogRecordKind::replay};
  for (const ReplayedOrder& order : orders) append_log_order(record.orders_bytes, order);
  record.orders = orders.size();
  KONOMI_TRY(const LogOffset first, write_alone(std::move(record)));
  std::vector<LogPosition> positions;
  for (std::size_t i = 0; i < orders.size(); ++i)
    positions.push_back({.partition = LogPartition(0), .offset = LogOffset(first.value() + i)});
  return positions;
}

Result<LogPosition> RocksOrderLog::append_erasure(const UserErasure& erasure) {
  Record record{.orders = 1, .kind = LogRecordKind::erasure};
  append_log_erasure(record.orders_bytes, erasure);
  KONOMI_TRY(const LogOffset offset, write_alone(std::move(record)));
  return LogPosition{.partition = LogPartition(0), .offset = offset};
}

Result<LogOffset> RocksOrderLog::write_alone(Record record) {
  Result<LogOffset> first;
  std::binary_semaphore written(0);
  record.written = [&](Result<LogOffset> outcome) {
    first = std::move(outcome);
    written.release();
  };
  {
    const MutexLock lock(mutex_);
    if (auto refused = refusal(record.orders, record.orders_bytes.size()))
      return std::unexpected(*std::move(refused));
    unfinished_orders_ += record.orders;
    unfinished_bytes_ += record.orders_bytes.size();
    queue_.push_back(std::move(record));
    wake_writer();
  }
  written.acquire();
  return first;
}

std::optional<Error> RocksOrderLog::refusal(std::size_t orders, std::size_t bytes) {
  if (closing_) return Error{.code = ErrorCode::cancelled, .message = "the log is closing"};
  const bool is_full = unfinished_orders_ != 0 &&
                       (unfinished_orders_ + orders > limits_.in_flight.orders_in_flight_max ||
                        unfinished_bytes_ + bytes > limits_.in_flight.bytes_in_flight_max);
  if (!is_full) return std::nullopt;
  return Error{
      .code = ErrorCode::overloaded,
      .message = fmt::format("{} orders wait to be written; try again", unfinished_orders_)};
}

void RocksOrderLog::wake_writer() {
  if (std::exchange(writer_waits_, false)) queued_.notify_one();
}

void RocksOrderLog::enqueue(Encoded encoded, Completion<void> done) {
  unfinished_orders_ += encoded.orders;
  unfinished_bytes_ += encoded.bytes.size();
  std::size_t begin = 0;
  for (const Encoded::Piece& piece : encoded.pieces) {
    const std::size_t bytes = piece.bytes_end - begin;
    const bool fits = !queue_.empty() && !queue_.back().written &&
                      queue_.back().orders + piece.orders <= limits_.record_orders_max &&
                      queue_.back().orders_bytes.size() + bytes <= limits_.record_bytes_max;
    if (!fits) queue_.emplace_back();
    if (const auto& trace = current_trace(); trace && trace->sampled) {
      const std::size_t first = queue_.back().orders;
      queue_.back().traced.push_back({LogOffset(first), LogOffset(first + piece.orders), *trace});
    }
    queue_.back().orders_bytes.append(encoded.bytes, begin, bytes);
    queue_.back().orders += piece.orders;
    queue_.back().request_continues = true;
    begin = piece.bytes_end;
  }
  queue_.back().request_continues = false;
  queue_.back().completions.push_back(std::move(done));
}

std::vector<RocksOrderLog::Record> RocksOrderLog::take_commit() {
  std::vector<Record> taken;
  std::size_t bytes = 0;
  bool in_request = false;
  while (!queue_.empty() &&
         (in_request || taken.empty() ||
          bytes + queue_.front().orders_bytes.size() <= limits_.commit_bytes_max)) {
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
    bytes += taken.back().orders_bytes.size();
    in_request = taken.back().request_continues;
  }
  return taken;
}

void RocksOrderLog::write_until_closed() {
  while (true) {
    std::vector<Record> records;
    {
      const MutexLock lock(mutex_);
      while (queue_.empty() && !closing_) {
        writer_waits_ = true;
        queued_.wait(mutex_);
      }
      if (queue_.empty()) return;
      records = take_commit();
    }
    LogOffset first = next_offset_;
    const Result<void> committed = commit(records);
    {
      const MutexLock lock(mutex_);
      for (const Record& record : records) {
        unfinished_orders_ -= record.orders;
        unfinished_bytes_ -= record.orders_bytes.size();
      }
      end_ = next_offset_;
      if (committed) note_traces(records, first);
    }
    grown_.notify_all();
    for (Record& record : records) {
      for (Completion<void>& done : record.completions) done(committed);
      if (record.written && committed) record.written(first);
      if (record.written && !committed) record.written(std::unexpected(committed.error()));
      first = LogOffset(first.value() + record.orders);
    }
  }
}

void RocksOrderLog::note_traces(const std::vector<Record>& records, LogOffset first) {
  for (const Record& record : records) {
    for (const Traced& traced : record.traced) {
      traced_.push_back({LogOffset(first.value() + traced.begin.value()),
                         LogOffset(first.value() + traced.end.value()), traced.trace});
    }
    first = LogOffset(first.value() + record.orders);
  }
  while (traced_.size() > kTracedMax) traced_.pop_front();
}

void RocksOrderLog::add_traces(std::vector<LogRecord>& records) const {
  if (records.empty()) return;
  const MutexLock lock(mutex_);
  auto traced = std::ranges::lower_bound(traced_, records.front().position.offset,
                                         std::ranges::less_equal(), &Traced::end);
  for (LogRecord& record : records) {
    const LogOffset offset = record.position.offset;
    while (traced != traced_.end() && traced->end <= offset) ++traced;
    if (traced == traced_.end()) return;
    if (traced->begin <= offset) record.trace = traced->trace;
  }
}

Result<void> RocksOrderLog::commit(const std::vector<Record>& records) {
  KONOMI_TRY(const auto open, database_.writable());
  if (open->generation() != generation_) KONOMI_CHECK_OK(remove_refused(*open));

  // Log times never go back, so that "everything logged before this instant is stored" can be said.
  const Timestamp logged_at = std::max(clock_.now(), last_logged_at_);
  rocksdb::WriteBatch batch;
  LogOffset first = next_offset_;
  for (const Record& record : records) {
    const std::string key = log_key(first);
    const std::string head = encode_log_head(record.kind, record.orders, logged_at);
    const rocksdb::Slice key_part(key);
    const std::array<rocksdb::Slice, 2> value_parts{head, record.orders_bytes};
    const rocksdb::Status status =
        batch.Put(open->family(kLogRecords), rocksdb::SliceParts(&key_part, 1),
                  rocksdb::SliceParts(value_parts.data(), static_cast<int>(value_parts.size())));
    if (!status.ok()) return std::unexpected(error_of(status, "cannot build a log record"));
    first = LogOffset(first.value() + record.orders);
  }
  KONOMI_CHECK_OK(open->write(batch, Durability::synced));
  next_offset_ = first;
  last_logged_at_ = logged_at;
  return {};
}

Result<void> RocksOrderLog::remove_refused(const OpenDatabase& open) {
  KONOMI_TRY(const LogBounds found, bounds_of(open));
  if (found.end < next_offset_) {
    return fail(ErrorCode::corrupted,
                fmt::format("{} ends at offset {} after it was opened again; {} were acknowledged",
                            database_.path(), found.end.value(), next_offset_.value()));
  }
  if (found.end > next_offset_) {
    rocksdb::WriteBatch batch;
    const std::unique_ptr<rocksdb::Iterator> rows(
        open.db().NewIterator(rocksdb::ReadOptions(), open.family(kLogRecords)));
    for (rows->Seek(log_key(next_offset_)); rows->Valid(); rows->Next())
      batch.Delete(open.family(kLogRecords), rows->key());
    if (!rows->status().ok())
      return std::unexpected(error_of(rows->status(), "cannot read the end of the log"));
    KONOMI_CHECK_OK(open.write(batch, Durability::synced));
    log_info("removed {} orders from the log that had been refused",
             found.end.value() - next_offset_.value());
  }
  generation_ = open.generation();
  return {};
}

Result<std::map<LogPartition, LogOffset>> RocksOrderLog::ends() {
  return std::map<LogPartition, LogOffset>{{LogPartition(0), end()}};
}

LogOffset RocksOrderLog::end() const {
  const MutexLock lock(mutex_);
  return end_;
}

LogOffset RocksOrderLog::wait_past(LogOffset offset, std::chrono::milliseconds wait,
                                   std::stop_token stop) const {
  const std::stop_callback wake(stop, [this] {
    // Under the lock, so that it cannot fall between a waiter's look at `stop` and its sleep.
    const MutexLock lock(mutex_);
    grown_.notify_all();
  });
  const auto until = std::chrono::steady_clock::now() + wait;
  const MutexLock lock(mutex_);
  while (end_ <= offset && !stop.stop_requested()) {
    if (!grown_.wait_until(mutex_, until)) break;
  }
  return end_;
}

// A record is written and never changed, and appends come behind: so nothing is locked.
Result<void> RocksOrderLog::trim(LogOffset offset) {
  KONOMI_TRY(const auto open, database_.writable());
  rocksdb::ColumnFamilyHandle* const family = open->family(kLogRecords);
  LogOffset first_kept;
  Watermark trimmed;
  {
    const std::unique_ptr<rocksdb::Iterator> rows(
        open->db().NewIterator(rocksdb::ReadOptions(), family));
    // The last record that begins before `offset` may reach beyond it.
    rows->SeekForPrev(log_key(offset));
    for (; rows->Valid(); rows->Prev()) {
      KONOMI_TRY(const LogOffset first, decode_log_key(rows->key().ToStringView()));
      KONOMI_TRY(const LogHead head, decode_log_head(rows->value().ToStringView()));
      const LogOffset next(first.value() + head.orders);
      if (next > offset) continue;
      trimmed = {.next_offset = next, .stored_up_to = head.logged_at};
      first_kept = next;
      break;
    }
    if (!rows->status().ok())
      return std::unexpected(error_of(rows->status(), "cannot read the log to trim it"));
  }
  if (first_kept == LogOffset()) return {};
  rocksdb::WriteBatch batch;
  const std::string begin = log_key(LogOffset());
  const std::string end = log_key(first_kept);
  batch.DeleteRange(family, begin, end);
  batch.Put(open->family(kLogMeta), kTrimmedKey, encoding::encode_watermark(trimmed));
  KONOMI_CHECK_OK(open->write(batch, Durability::synced));
  constexpr std::array<std::size_t, 1> kFamilies = {kLogRecords};
  return open->purge(kFamilies, end);
}

Result<LogOffset> RocksOrderLog::begin() const {
  KONOMI_TRY(const auto open, database_.readable());
  KONOMI_TRY(const LogBounds bounds, bounds_of(*open));
  return bounds.begin;
}

// Log times never go back: halves, until nothing is left between what is older and what is not.
Result<LogOffset> RocksOrderLog::first_logged_from(Timestamp instant) const {
  KONOMI_TRY(const auto open, database_.readable());
  KONOMI_TRY(const LogBounds bounds, bounds_of(*open));
  const std::unique_ptr<rocksdb::Iterator> rows(
      open->db().NewIterator(rocksdb::ReadOptions(), open->family(kLogRecords)));
  LogOffset older_to = bounds.begin;
  LogOffset from = bounds.end;
  while (older_to < from) {
    const LogOffset middle(older_to.value() + (from.value() - older_to.value()) / 2);
    rows->SeekForPrev(log_key(middle));
    if (!rows->Valid()) {
      return std::unexpected(error_of(
          rows->status(), fmt::format("cannot read the log at offset {}", middle.value())));
    }
    KONOMI_TRY(const LogOffset first, decode_log_key(rows->key().ToStringView()));
    KONOMI_TRY(const LogHead head, decode_log_head(rows->value().ToStringView()));
    if (head.logged_at < instant) {
      older_to = LogOffset(first.value() + head.orders);
    } else {
      from = std::max(first, older_to);
    }
  }
  return from;
}

void RocksOrderLog::close() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  queued_.notify_all();
  if (writer_.joinable()) writer_.join();
}

std::vector<Database::Family> log_families(const rocksdb::ColumnFamilyOptions& meta_options,
                                           std::size_t write_buffer_bytes) {
  rocksdb::ColumnFamilyOptions records = meta_options;
  records.write_buffer_size = write_buffer_bytes;
  records.optimize_filters_for_hits = true;
  return {{.name = rocksdb::kDefaultColumnFamilyName, .options = meta_options},
          {.name = "records", .options = std::move(records)}};
}

}  // namespace konomi::rocks
