#include "adapters/rocks/log_reader.h"

#include "adapters/rocks/log_record.h"
#include "adapters/rocks/status.h"
#include "base/wait.h"
#include "encoding/order_json.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace konomi::rocks {
namespace {

// The stores can be filled again only from a log that was never trimmed (an erasure does that).
Error gap_error(const OpenDatabase& open, LogOffset wanted, std::string_view found) {
  const auto bounds = read_log_bounds(open.db(), open.family(kLogMeta), open.family(kLogRecords));
  const bool is_whole = bounds && bounds->begin == LogOffset(0);
  return {.code = ErrorCode::corrupted,
          .message = fmt::format("the log does not hold offset {}, up to which the stores have "
                                 "read: {}; {}",
                                 wanted.value(), found,
                                 is_whole ? "restore log/, or remove stores/ to fill them again"
                                          : "restore log/ and stores/ from one backup")};
}

}  // namespace

Result<std::vector<LogRecord>> RocksOrderLogReader::poll(std::size_t records_max,
                                                         std::chrono::milliseconds wait,
                                                         std::stop_token stop) {
  std::vector<LogRecord> records;
  if (records_max == 0) {
    (void)wait_or_stop(std::move(stop), wait);
    return records;
  }
  const LogOffset end = log_.wait_past(next_offset_, wait, std::move(stop));
  if (end == next_offset_) return records;

  KONOMI_TRY(const auto open, database_.readable());
  if (end < next_offset_) {
    return std::unexpected(
        gap_error(*open, next_offset_, fmt::format("it ends at {}", end.value())));
  }
  const std::unique_ptr<rocksdb::Iterator> rows(
      open->db().NewIterator(rocksdb::ReadOptions(), open->family(kLogRecords)));
  // The record that holds next_offset_ may begin before it.
  rows->SeekForPrev(log_key(next_offset_));
  for (; rows->Valid() && next_offset_ < end && records.size() < records_max; rows->Next()) {
    const std::size_t before = records.size();
    auto decoded = decode_log_record(rows->key().ToStringView(), rows->value().ToStringView(),
                                     next_offset_, records);
    const bool holds_next =
        records.size() > before && records[before].position.offset == next_offset_;
    if (decoded && !holds_next) {
      const std::string found = records.size() > before ? "a later one follows" : "nothing follows";
      decoded = std::unexpected(gap_error(*open, next_offset_, found));
      records.resize(before);
    }
    if (!decoded) {
      // What was read before the damage is handed out first; the next poll says what is wrong.
      if (!records.empty()) return records;
      return std::unexpected(std::move(decoded).error());
    }
    next_offset_ = LogOffset(records.back().position.offset.value() + 1);
  }
  if (!rows->status().ok() && records.empty())
    return std::unexpected(error_of(
        rows->status(), fmt::format("cannot read the log at offset {}", next_offset_.value())));
  if (records.empty())
    return std::unexpected(gap_error(*open, next_offset_, "nothing begins before it"));
  log_.add_traces(records);
  return records;
}

// Read again: a record that cannot be stored is rare, and nothing need be kept for it.
Result<RawRecord> RocksOrderLogReader::raw(const LogPosition& position) {
  KONOMI_TRY(const auto open, database_.readable());
  const std::unique_ptr<rocksdb::Iterator> rows(
      open->db().NewIterator(rocksdb::ReadOptions(), open->family(kLogRecords)));
  rows->SeekForPrev(log_key(position.offset));
  const std::string what = fmt::format("cannot read the log at offset {}", position.offset.value());
  if (!rows->status().ok()) return std::unexpected(error_of(rows->status(), what));
  std::vector<LogRecord> records;
  if (rows->Valid()) {
    KONOMI_CHECK_OK(decode_log_record(rows->key().ToStringView(), rows->value().ToStringView(),
                                      position.offset, records));
  }
  if (records.empty() || records.front().position != position)
    return std::unexpected(gap_error(*open, position.offset, "nothing begins before it"));
  const Order& order = std::get<Order>(records.front().content);
  RawRecord raw{.key = order.user_id.value(), .value = {}, .headers = {}};
  encoding::append_order_json(raw.value, order);
  return raw;
}

Result<std::map<LogPartition, LogOffset>> RocksOrderLogReader::read_to_end() {
  std::map<LogPartition, LogOffset> at_end;
  if (log_.end() == next_offset_) at_end.emplace(LogPartition(0), next_offset_);
  return at_end;
}

Result<void> RocksOrderLogReader::commit(
    const std::map<LogPartition, LogOffset>& /*next_offsets*/) {
  return {};  // The watermarks moved with the orders, in the same write.
}

}  // namespace konomi::rocks
