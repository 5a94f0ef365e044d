#include "adapters/memory/order_log.h"

#include "domain/bucket.h"
#include "encoding/order_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace konomi::memory {

MemoryOrderLog::MemoryOrderLog(const Clock& clock, const MemoryOptions& options, Faults& faults,
                               Start start)
    : clock_(clock),
      queue_orders_max_(options.queue_orders_max),
      faults_(faults),
      start_(std::move(start)),
      partitions_(options.log_partitions) {}

LogPosition MemoryOrderLog::write(LogPartition partition,
                                  std::variant<Order, UnreadableRecord, UserErasure> content,
                                  std::optional<LogPosition> original) {
  Partition& into = partitions_[partition.value()];
  last_logged_at_ = std::max(clock_.now(), last_logged_at_);
  const LogPosition position{.partition = partition, .offset = into.end()};
  into.records.push_back({.position = position,
                          .logged_at = last_logged_at_,
                          .content = std::move(content),
                          .original = original});
  return position;
}

LogPartition MemoryOrderLog::partition_of(const UserId& user_id) const {
  const BucketCount partitions(static_cast<std::uint32_t>(partitions_.size()));
  return LogPartition(bucket_of(user_id, partitions).value());
}

void MemoryOrderLog::append(std::vector<Order> orders, Completion<void> done) {
  if (orders.empty()) return done({});
  const auto effect = [&]() -> Result<void> {
    const MutexLock lock(mutex_);
    if (held_orders_ != 0 && held_orders_ + orders.size() > queue_orders_max_)
      return fail(ErrorCode::overloaded, fmt::format("{} orders wait; try again", held_orders_));
    for (const Order& order : orders) write(partition_of(order.user_id), order);
    grown_.notify_all();
    return {};
  };
  Result<void> outcome = faults_.run("order_log.append", effect);
  {
    const MutexLock lock(mutex_);
    if (outcome && holds_completions_) {
      held_orders_ += orders.size();
      held_.push_back({.orders = orders.size(), .done = std::move(done)});
      return;
    }
  }
  done(std::move(outcome));
}

Result<std::vector<LogPosition>> MemoryOrderLog::replay(const std::vector<ReplayedOrder>& orders) {
  return faults_.run("order_log.replay", [&]() -> Result<std::vector<LogPosition>> {
    const MutexLock lock(mutex_);
    std::vector<LogPosition> positions;
    for (const auto& [order, original] : orders)
      positions.push_back(write(partition_of(order.user_id), order, original));
    grown_.notify_all();
    return positions;
  });
}

Result<LogPosition> MemoryOrderLog::append_erasure(const UserErasure& erasure) {
  return faults_.run("order_log.append_erasure", [&]() -> Result<LogPosition> {
    const MutexLock lock(mutex_);
    const LogPosition position = write(partition_of(erasure.user_id), erasure);
    grown_.notify_all();
    return position;
  });
}

Result<std::map<LogPartition, LogOffset>> MemoryOrderLog::ends() {
  return faults_.run("order_log.ends", [&]() -> Result<std::map<LogPartition, LogOffset>> {
    const MutexLock lock(mutex_);
    std::map<LogPartition, LogOffset> ends;
    for (std::uint32_t i = 0; i < partitions_.size(); ++i)
      ends.emplace(LogPartition(i), partitions_[i].end());
    return ends;
  });
}

Result<std::unique_ptr<OrderLogReader>> MemoryOrderLog::open_reader() {
  return std::unique_ptr<OrderLogReader>(std::make_unique<MemoryLogReader>(*this, start_()));
}

void MemoryOrderLog::hold_completions() {
  const MutexLock lock(mutex_);
  holds_completions_ = true;
}

void MemoryOrderLog::complete_held(std::size_t count, const Result<void>& outcome) {
  for (; count > 0; --count) {
    Completion<void> done;
    {
      const MutexLock lock(mutex_);
      if (held_.empty()) return;
      done = std::move(held_.front().done);
      held_orders_ -= held_.front().orders;
      held_.pop_front();
    }
    done(outcome);  // Unlocked: it may append.
  }
}

void MemoryOrderLog::stop_holding(const Result<void>& outcome) {
  std::size_t count = 0;
  {
    const MutexLock lock(mutex_);
    holds_completions_ = false;
    count = held_.size();
  }
  complete_held(count, outcome);
}

std::size_t MemoryOrderLog::held_completions() const {
  const MutexLock lock(mutex_);
  return held_.size();
}

void MemoryOrderLog::rewind_readers(LogPartition partition, LogOffset offset) {
  const MutexLock lock(mutex_);
  for (MemoryLogReader* reader : readers_) {
    LogOffset& next = reader->next_offsets_[partition];
    next = std::min(next, offset);
  }
}

LogPosition MemoryOrderLog::append_unreadable(LogPartition partition, UnreadableRecord record,
                                              RawRecord raw) {
  const MutexLock lock(mutex_);
  const LogPosition position = write(partition, std::move(record));
  partitions_[partition.value()].raw.emplace(position.offset, std::move(raw));
  grown_.notify_all();
  return position;
}

void MemoryOrderLog::trim(LogPartition partition, LogOffset first_kept) {
  const MutexLock lock(mutex_);
  Partition& trimmed = partitions_[partition.value()];
  while (trimmed.first < first_kept && !trimmed.records.empty()) {
    trimmed.records.pop_front();
    trimmed.first = LogOffset(trimmed.first.value() + 1);
  }
}

Result<void> MemoryOrderLog::read(MemoryLogReader& reader, std::size_t records_max,
                                  std::vector<LogRecord>& records) {
  for (std::uint32_t i = 0; i < partitions_.size(); ++i) {
    const Partition& partition = partitions_[i];
    LogOffset& next = reader.next_offsets_[LogPartition(i)];
    if (next < partition.first || next > partition.end()) {
      return fail(ErrorCode::corrupted,
                  fmt::format("the log's partition {} holds offsets from {} to before {}, but "
                              "expected {}",
                              i, partition.first.value(), partition.end().value(), next.value()));
    }
    for (; next < partition.end() && records.size() < records_max;
         next = LogOffset(next.value() + 1)) {
      records.push_back(partition.records[next.value() - partition.first.value()]);
    }
  }
  return {};
}

MemoryLogReader::MemoryLogReader(MemoryOrderLog& log, std::map<LogPartition, LogOffset> start)
    : log_(log), next_offsets_(std::move(start)) {
  const MutexLock lock(log_.mutex_);
  log_.readers_.insert(this);
}

MemoryLogReader::~MemoryLogReader() {
  const MutexLock lock(log_.mutex_);
  log_.readers_.erase(this);
}

Result<std::vector<LogRecord>> MemoryLogReader::poll(std::size_t records_max,
                                                     std::chrono::milliseconds wait,
                                                     std::stop_token stop) {
  // A lost answer of a poll loses nothing: the records come with the next one.
  std::map<LogPartition, LogOffset> before;
  {
    const MutexLock lock(log_.mutex_);
    before = next_offsets_;
  }
  auto records =
      log_.faults_.run("order_log_reader.poll", [&] { return poll_now(records_max, wait, stop); });
  if (!records) {
    const MutexLock lock(log_.mutex_);
    next_offsets_ = std::move(before);
  }
  return records;
}

Result<std::vector<LogRecord>> MemoryLogReader::poll_now(std::size_t records_max,
                                                         std::chrono::milliseconds wait,
                                                         const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(log_.mutex_);
    log_.grown_.notify_all();
  });
  const auto until = std::chrono::steady_clock::now() + wait;
  std::vector<LogRecord> records;
  const MutexLock lock(log_.mutex_);
  while (true) {
    KONOMI_CHECK_OK(log_.read(*this, records_max, records));
    if (!records.empty() || stop.stop_requested() || wait <= std::chrono::milliseconds::zero())
      return records;
    if (!log_.grown_.wait_until(log_.mutex_, until)) wait = std::chrono::milliseconds::zero();
  }
}

Result<RawRecord> MemoryLogReader::raw(const LogPosition& position) {
  return log_.faults_.run("order_log_reader.raw", [&]() -> Result<RawRecord> {
    const MutexLock lock(log_.mutex_);
    const MemoryOrderLog::Partition& partition = log_.partitions_[position.partition.value()];
    if (position.offset < partition.first || position.offset >= partition.end())
      return fail(ErrorCode::corrupted, "the log does not hold the record any more");
    if (const auto found = partition.raw.find(position.offset); found != partition.raw.end())
      return found->second;
    const Order& order = std::get<Order>(
        partition.records[position.offset.value() - partition.first.value()].content);
    RawRecord raw{.key = order.user_id.value(), .value = {}, .headers = {}};
    encoding::append_order_json(raw.value, order);
    return raw;
  });
}

Result<std::map<LogPartition, LogOffset>> MemoryLogReader::read_to_end() {
  return log_.faults_.run("order_log_reader.read_to_end",
                          [&]() -> Result<std::map<LogPartition, LogOffset>> {
                            const MutexLock lock(log_.mutex_);
                            std::map<LogPartition, LogOffset> at_end;
                            for (std::uint32_t i = 0; i < log_.partitions_.size(); ++i) {
                              const LogOffset end = log_.partitions_[i].end();
                              if (next_offsets_[LogPartition(i)] == end)
                                at_end.emplace(LogPartition(i), end);
                            }
                            return at_end;
                          });
}

Result<void> MemoryLogReader::commit(const std::map<LogPartition, LogOffset>& /*next_offsets*/) {
  return log_.faults_.run("order_log_reader.commit", [] { return Result<void>(); });
}

}  // namespace konomi::memory
