#pragma once

#include "adapters/rocks/database.h"
#include "adapters/rocks/log_record.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "ports/order_log.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace konomi::rocks {

struct LogLimits {
  OrderLog::Limits in_flight;
  std::size_t record_orders_max = 10'000;
  std::size_t record_bytes_max = std::size_t{4} << 20;
  std::size_t commit_bytes_max = std::size_t{8} << 20;  // Up to one request more.
};

// The order log over RocksDB, with group commit: one thread takes everything that waits, writes it
// as one record, fsyncs once, and completes all of it. While it does, the next group gathers.
//
//   append ─┐                      ┌─ completions
//   append ─┼→ queue_ (records     ├─ completions
//   append ─┘   being filled) ──→ writer: Write(sync) ──→ end_ ──→ readers
//
// A group whose write failed is refused and must not turn up later: RocksDB may find its bytes when
// the database is opened again, so the writer removes whatever lies past end_ before it goes on.
class RocksOrderLog final : public OrderLog {
 public:
  // `database` holds the families of log_families(); it and `clock` outlive the log.
  static Result<std::unique_ptr<RocksOrderLog>> open(Database& database, const Clock& clock,
                                                     const LogLimits& limits);
  ~RocksOrderLog() override;
  RocksOrderLog(const RocksOrderLog&) = delete;
  RocksOrderLog& operator=(const RocksOrderLog&) = delete;

  // A request larger than the whole queue is taken when nothing else waits.
  void append(std::vector<Order> orders, Completion<void> done) override;
  Result<std::vector<LogPosition>> replay(const std::vector<ReplayedOrder>& orders) override;
  Result<LogPosition> append_erasure(const UserErasure& erasure) override;
  Result<std::map<LogPartition, LogOffset>> ends() override;

  // Removes the records whose orders all lie before `offset`, and their bytes from the disk. Any
  // number of times; the caller knows that what they became is durable elsewhere. Appends go on.
  Result<void> trim(LogOffset offset);

  // The offset before which every order was logged before this instant.
  Result<LogOffset> first_logged_from(Timestamp instant) const;

  // The offset of the first order that is there, or of the first that will be.
  Result<LogOffset> begin() const;

  // The offset after the last durable order.
  LogOffset end() const;

  // Gives records of this log the traces that their orders were appended in: of the newest
  // requests, and of this process's only. Traces are not written to disk, whose format is about
  // orders.
  void add_traces(std::vector<LogRecord>& records) const KONOMI_EXCLUDES(mutex_);

  // Waits until the end is past `offset`, for at most `wait` or until `stop`; then answers end().
  LogOffset wait_past(LogOffset offset, std::chrono::milliseconds wait, std::stop_token stop) const;

  // Refuses further appends with `cancelled`, writes and completes everything queued, and waits for
  // that. May be called again.
  void close();

 private:
  // Consecutive orders appended in one trace.
  struct Traced {
    LogOffset begin;  // Within a record that is not written yet: from its first order on.
    LogOffset end;
    TraceContext trace;
  };
  static constexpr std::size_t kTracedMax = 4'096;

  // One record of the log while it fills up, with the completions of the requests that end in it.
  struct Record {
    std::string orders_bytes;
    std::size_t orders = 0;
    std::vector<Completion<void>> completions;
    std::vector<Traced> traced;
    bool request_continues = false;  // In the next record: both must be committed together.
    LogRecordKind kind = LogRecordKind::orders;
    Completion<LogOffset> written;  // Set for the other kinds, which stand alone.
  };
  struct Encoded;

  RocksOrderLog(Database& database, const Clock& clock, const LogLimits& limits);

  Result<void> read_end();
  Encoded encode(const std::vector<Order>& orders) const;
  void enqueue(Encoded encoded, Completion<void> done) KONOMI_REQUIRES(mutex_);
  Result<LogOffset> write_alone(Record record);
  std::optional<Error> refusal(std::size_t orders, std::size_t bytes) KONOMI_REQUIRES(mutex_);
  void note_traces(const std::vector<Record>& records, LogOffset first) KONOMI_REQUIRES(mutex_);
  void wake_writer() KONOMI_REQUIRES(mutex_);
  std::vector<Record> take_commit() KONOMI_REQUIRES(mutex_);
  void write_until_closed();
  Result<void> commit(const std::vector<Record>& records);
  Result<void> remove_refused(const OpenDatabase& open);

  Database& database_;
  const Clock& clock_;
  const LogLimits limits_;

  // Of the writer's thread alone.
  LogOffset next_offset_;
  Timestamp last_logged_at_;
  std::uint64_t generation_ = 0;  // The opening of the database whose end was compared with ours.

  mutable Mutex mutex_;
  mutable ConditionVariable queued_;  // Something waits, or closing_.
  mutable ConditionVariable grown_;   // end_ moved on, or a reader's stop was asked for.
  // Guarded by mutex_.
  std::deque<Record> queue_ KONOMI_GUARDED_BY(mutex_);
  std::size_t unfinished_orders_ KONOMI_GUARDED_BY(mutex_) = 0;  // Queued or being written.
  std::size_t unfinished_bytes_ KONOMI_GUARDED_BY(mutex_) = 0;
  bool writer_waits_ KONOMI_GUARDED_BY(mutex_) = false;
  bool closing_ KONOMI_GUARDED_BY(mutex_) = false;
  LogOffset end_ KONOMI_GUARDED_BY(mutex_);
  std::deque<Traced> traced_ KONOMI_GUARDED_BY(mutex_);  // By offset; the newest kTracedMax.

  std::jthread writer_;
};

// What the log's database holds: the orders from `begin` up to before `end`.
struct LogBounds {
  LogOffset begin;
  LogOffset end;
  Timestamp last_logged_at;
};
Result<LogBounds> read_log_bounds(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta,
                                  rocksdb::ColumnFamilyHandle* records);

// The families of the log's database, by index.
enum LogFamily : std::size_t { kLogMeta, kLogRecords };
std::vector<Database::Family> log_families(const rocksdb::ColumnFamilyOptions& meta_options,
                                           std::size_t write_buffer_bytes);

}  // namespace konomi::rocks
