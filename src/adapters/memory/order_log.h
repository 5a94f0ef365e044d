#pragma once

#include "adapters/memory/engine.h"
#include "adapters/memory/faults.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "ports/order_log.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

namespace konomi::memory {

class MemoryLogReader;

// The log, and what its readers share with it.
class MemoryOrderLog final : public OrderLog {
 public:
  using Start = std::function<std::map<LogPartition, LogOffset>()>;  // The stored watermarks.

  MemoryOrderLog(const Clock& clock, const MemoryOptions& options, Faults& faults, Start start);

  void append(std::vector<Order> orders, Completion<void> done) override;
  Result<std::vector<LogPosition>> replay(const std::vector<ReplayedOrder>& orders) override;
  Result<LogPosition> append_erasure(const UserErasure& erasure) override;
  Result<std::map<LogPartition, LogOffset>> ends() override;

  Result<std::unique_ptr<OrderLogReader>> open_reader();

  void hold_completions();
  void complete_held(std::size_t count, const Result<void>& outcome);
  void stop_holding(const Result<void>& outcome);
  std::size_t held_completions() const;

  void rewind_readers(LogPartition partition, LogOffset offset);
  LogPosition append_unreadable(LogPartition partition, UnreadableRecord record, RawRecord raw);
  void trim(LogPartition partition, LogOffset first_kept);

 private:
  friend class MemoryLogReader;

  struct Partition {
    LogOffset first;
    std::deque<LogRecord> records;
    std::map<LogOffset, RawRecord> raw;  // Of those that are no orders.

    LogOffset end() const { return LogOffset(first.value() + records.size()); }
  };
  struct Held {
    std::size_t orders = 0;
    Completion<void> done;
  };

  LogPartition partition_of(const UserId& user_id) const KONOMI_REQUIRES(mutex_);
  LogPosition write(LogPartition partition,
                    std::variant<Order, UnreadableRecord, UserErasure> content,
                    std::optional<LogPosition> original = std::nullopt) KONOMI_REQUIRES(mutex_);
  Result<void> read(MemoryLogReader& reader, std::size_t records_max,
                    std::vector<LogRecord>& records) KONOMI_REQUIRES(mutex_);

  const Clock& clock_;
  const std::size_t queue_orders_max_;
  Faults& faults_;
  const Start start_;

  mutable Mutex mutex_;
  ConditionVariable grown_;
  // Guarded by mutex_.
  std::vector<Partition> partitions_ KONOMI_GUARDED_BY(mutex_);
  Timestamp last_logged_at_ KONOMI_GUARDED_BY(mutex_);
  bool holds_completions_ KONOMI_GUARDED_BY(mutex_) = false;
  std::deque<Held> held_ KONOMI_GUARDED_BY(mutex_);
  std::size_t held_orders_ KONOMI_GUARDED_BY(mutex_) = 0;
  std::set<MemoryLogReader*> readers_ KONOMI_GUARDED_BY(mutex_);
};

class MemoryLogReader final : public OrderLogReader {
 public:
  MemoryLogReader(MemoryOrderLog& log, std::map<LogPartition, LogOffset> start);
  ~MemoryLogReader() override;
  MemoryLogReader(const MemoryLogReader&) = delete;
  MemoryLogReader& operator=(const MemoryLogReader&) = delete;

  Result<std::vector<LogRecord>> poll(std::size_t records_max, std::chrono::milliseconds wait,
                                      std::stop_token stop) override;
  Result<RawRecord> raw(const LogPosition& position) override;
  Result<std::map<LogPartition, LogOffset>> read_to_end() override;
  Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) override;

 private:
  friend class MemoryOrderLog;

  Result<std::vector<LogRecord>> poll_now(std::size_t records_max, std::chrono::milliseconds wait,
                                          const std::stop_token& stop);

  MemoryOrderLog& log_;
  std::map<LogPartition, LogOffset> next_offsets_;  // Guarded by the log's mutex.
};

}  // namespace konomi::memory
