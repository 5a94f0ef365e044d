#include "consume/consumer.h"

#include "base/log.h"
#include "base/wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace konomi::consume {
namespace {

// A partition that was read to its end holds no record older than the moment of the question. This
// margin allows for clocks that differ and for records on their way.
constexpr std::chrono::minutes kIdleMargin{1};

// Counters exist from the start, so that the first dead letter shows as an increase.
constexpr std::array kReasons = {"unreadable", "invalid_order", "too_many_menu_types",
                                 "unknown_menu_type", "expired_day"};

prometheus::Counter& dead_letters_of(Metrics& metrics, const std::string& reason) {
  return metrics.counter("konomi_consume_dead_letters_total", "Records that could not be stored",
                         {{"reason", reason}});
}

prometheus::Counter& retries_of(Metrics& metrics, std::string_view reason) {
  return metrics.counter("konomi_consume_retries_total",
                         "Attempts that were repeated: for an error of a port, or because most "
                         "records of a batch fail for one reason",
                         {{"reason", std::string(reason)}});
}

}  // namespace

bool is_transient(ErrorCode code) {
  switch (code) {
    case ErrorCode::overloaded:
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
    case ErrorCode::storage_full:
    case ErrorCode::cancelled:
      return true;
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::corrupted:
    case ErrorCode::internal:
      return false;
  }
  return false;
}

Consumer::Consumer(ConsumerPorts ports, const BusinessCalendar& calendar, BucketCount bucket_count,
                   Metrics& metrics, const Clock& clock, ConsumerOptions options)
    : ports_(ports),
      calendar_(calendar),
      bucket_count_(bucket_count),
      clock_(clock),
      options_(options),
      metrics_(metrics),
      orders_stored_(metrics.counter("konomi_consume_orders_stored_total",
                                     "Orders stored, repeated ones once per batch")),
      batch_seconds_(metrics.histogram("konomi_consume_batch_duration_seconds",
                                       "From having a batch of records until all of it is stored",
                                       latency_buckets())),
      orders_erased_(metrics.counter("konomi_consume_orders_erased_total",
                                     "Orders passed by because they are older than the erasure of "
                                     "their user")),
      orders_redelivered_(metrics.counter("konomi_consume_orders_redelivered_total",
                                          "Orders passed by because they were delivered again "
                                          "after their day had expired")),
      erasures_(metrics.counter("konomi_consume_erasures_total", "Erasures carried out")),
      random_(static_cast<std::minstd_rand::result_type>(options.retry_seed)) {
  for (const char* const reason : kReasons) dead_letters_of(metrics_, reason);
  retries_of(metrics_, name_of(ErrorCode::unavailable));
  known_.unknown = options_.unknown_menu_types;
  known_.types_max = options_.menu_types_max;
}

Result<std::size_t> Consumer::step(std::stop_token stop) {
  held_for_.clear();
  KONOMI_CHECK_OK(load());
  if (!sorted_ && polled_.empty()) {
    polled_ = std::exchange(waiting_, {});
    const Timestamp asked_at = clock_.now();
    if (polled_.empty()) {
      KONOMI_TRY(polled_, ports_.reader.poll(options_.records_max, options_.poll_wait, stop));
    }
    if (polled_.empty()) {
      KONOMI_CHECK_OK(note_end_of_log(asked_at, stop));
      return 0;
    }
    begin_span();
  }
  const TraceScope scope(span_.context());
  const auto began = std::chrono::steady_clock::now();
  if (!sorted_) KONOMI_CHECK_OK(sort());
  KONOMI_CHECK_OK(write(*sorted_));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  batch_seconds_.Observe(took.count());
  note_written(*sorted_);
  const std::size_t passed = sorted_->records;
  span_.set("konomi.failed_attempts", attempts_failed_);
  span_.set("konomi.dead_letters", static_cast<std::int64_t>(sorted_->dead_letters.size()));
  span_.end();
  sorted_.reset();
  return passed;
}

// A batch belongs to many traces, so it gets a trace of its own that links to theirs.
void Consumer::begin_span() {
  if (options_.tracer == nullptr || !options_.tracer->is_on()) return;
  span_ = options_.tracer->begin("consume batch", SpanKind::consumer, std::nullopt);
  span_.set("messaging.batch.message_count", static_cast<std::int64_t>(polled_.size()));
  std::optional<TraceContext> last;
  for (const LogRecord& record : polled_) {
    // The orders of one request follow each other.
    if (record.trace && record.trace != last) span_.link(*record.trace);
    last = record.trace;
  }
}

Result<void> Consumer::load() {
  if (loaded_) return {};
  KONOMI_CHECK_OK(learn_types());
  KONOMI_TRY(watermarks_, ports_.orders.watermarks());
  loaded_ = true;
  return {};
}

// Another consumer or an operator may have added types since.
Result<void> Consumer::learn_types() {
  KONOMI_TRY(const auto entries, ports_.settings.menu_types());
  for (const MenuTypeEntry& entry : entries) known_.types.insert(entry.id);
  return {};
}

// Reads the erasures of the buckets in which an older record may turn up. Another consumer may have
// erased since. Records it has passed are not delivered again unless it was killed before it
// committed them, and then the erasure is delivered again too.
Result<void> Consumer::learn_erasures() {
  for (const LogRecord& record : polled_) {
    const auto* order = std::get_if<Order>(&record.content);
    if (order == nullptr) continue;
    const Bucket bucket = bucket_of(order->user_id, bucket_count_);
    // A replayed order may be older than an erasure that another consumer has carried out.
    if (erased_.contains(bucket) && !record.original) continue;
    KONOMI_TRY(const auto erasures, ports_.orders.erasures(bucket));
    auto& of_bucket = erased_[bucket];
    for (const Erasure& erasure : erasures) {
      // An erasure that is still being carried out is delivered again.
      if (erasure.state == ErasureState::removing) continue;
      LogPosition& last = of_bucket.try_emplace(erasure.digest, erasure.position).first->second;
      last = std::max(last, erasure.position);
    }
  }
  return {};
}

// Called after the poll: a record polled before an announcement was logged before it.
Result<void> Consumer::learn_expiry() {
  KONOMI_TRY(const auto expiry, ports_.settings.expiry());
  too_old_.reset();
  if (!expiry) return {};
  too_old_ = {.last = {calendar_.interval_of(expiry->before).begin, expiry->announced_at},
              .earlier = {calendar_.interval_of(expiry->earlier_before).begin,
                          expiry->earlier_announced_at},
              .kept_from = expiry->before};
  // Another consumer may have stored the delivered records since.
  if (std::ranges::any_of(polled_,
                          [this](const auto& record) { return is_of_expired_day(record); })) {
    KONOMI_TRY(watermarks_, ports_.orders.watermarks());
  }
  return {};
}

bool Consumer::is_of_expired_day(const LogRecord& record) const {
  const auto* order = std::get_if<Order>(&record.content);
  return order != nullptr && too_old_ && too_old_->is_expired(*order);
}

// Whether the record is delivered again and its day has expired. It was counted and may have left,
// or it was refused by an expiry that is no longer known.
bool Consumer::is_redelivered(const LogRecord& record) const {
  if (!is_of_expired_day(record)) return false;
  const auto known = watermarks_.find(record.position.partition);
  return known != watermarks_.end() && record.position.offset < known->second.next_offset;
}

bool Consumer::is_erased(const LogRecord& record) const {
  const auto* order = std::get_if<Order>(&record.content);
  if (order == nullptr) return false;
  const auto of_bucket = erased_.find(bucket_of(order->user_id, bucket_count_));
  if (of_bucket == erased_.end() || of_bucket->second.empty()) return false;
  const auto erased = of_bucket->second.find(digest_of(order->user_id));
  return erased != of_bucket->second.end() &&
         erased->second.partition == record.position.partition &&
         version_of(record).value() < erased->second.offset.value();
}

std::optional<PassedBy> Consumer::passed_by(const LogRecord& record) const {
  if (is_erased(record)) return PassedBy::erased;
  if (is_redelivered(record)) return PassedBy::redelivered;
  return std::nullopt;
}

Result<void> Consumer::sort() {
  const auto is_erasure = [](const LogRecord& record) {
    return std::holds_alternative<UserErasure>(record.content);
  };
  auto first = std::ranges::find_if(polled_, is_erasure);
  // An erasure needs everything before it to be stored, so it is written alone.
  if (first == polled_.begin()) ++first;
  if (first != polled_.end()) {
    waiting_.insert(waiting_.begin(), std::make_move_iterator(first),
                    std::make_move_iterator(polled_.end()));
    polled_.erase(first, polled_.end());
  }
  if (is_erasure(polled_.front())) {
    sorted_ = sort_erasure(polled_.front(), bucket_count_);
    polled_.clear();
    return {};
  }
  KONOMI_CHECK_OK(learn_erasures());
  KONOMI_CHECK_OK(learn_expiry());
  KONOMI_TRY(Judgement judgement, judge());
  KONOMI_CHECK_OK(check_share(judgement));
  for (RefusedRecord& refused : judgement.refused) {
    KONOMI_TRY(refused.raw, ports_.reader.raw(polled_[refused.index].position));
  }
  known_.types.insert(judgement.new_types.begin(), judgement.new_types.end());
  sorted_ = sort_records(
      std::exchange(polled_, {}), std::move(judgement),
      [this](const LogRecord& record) { return passed_by(record); }, calendar_, bucket_count_,
      clock_.now());
  return {};
}

Result<Judgement> Consumer::judge() {
  Judgement judgement = judge_records(polled_, known_, too_old_);
  if (!judgement.asks_for_types()) return judgement;
  KONOMI_CHECK_OK(learn_types());
  return judge_records(polled_, known_, too_old_);
}

// Checked before anything of the batch is written, because a dead letter cannot be taken back.
Result<void> Consumer::check_share(const Judgement& judgement) {
  const CommonReason most = most_common_reason(judgement);
  const bool is_outage = polled_.size() >= options_.poison_records_min &&
                         most.records * 100 > options_.poison_percent_max * polled_.size();
  if (!is_outage) return {};
  held_for_ = most.first->reason;
  return fail(
      ErrorCode::unavailable,
      fmt::format("{} of {} records fail alike ({}), which is an outage rather than poison: "
                  "{}; they wait in the log and none became a dead letter; mend the cause, "
                  "or let them become dead letters with poison_percent_max = 100 (it is {})",
                  most.records, polled_.size(), held_for_, most.first->message,
                  options_.poison_percent_max));
}

// The position moves last, so that whatever fails before it is written again. The catalogue comes
// first: it decides which types are one too many, and must decide the same way the second time.
Result<void> Consumer::write(const SortedRecords& sorted) {
  if (sorted.erasure) KONOMI_CHECK_OK(erase(*sorted.erasure));
  if (!sorted.new_types.empty()) KONOMI_CHECK_OK(ports_.settings.add_menu_types(sorted.new_types));
  if (!sorted.dead_letters.empty()) KONOMI_CHECK_OK(ports_.dead_letters.put(sorted.dead_letters));
  if (!sorted.letter_events.empty()) KONOMI_CHECK_OK(ports_.dead_letters.add(sorted.letter_events));
  Span put;
  if (options_.tracer != nullptr)
    put = options_.tracer->begin("order store put", SpanKind::internal, span_.context());
  const Result<void> stored = ports_.orders.put(sorted.batch);
  if (!stored) put.fail(stored.error().message);
  put.set("konomi.orders", static_cast<std::int64_t>(sorted.batch.orders.size()));
  put.end();
  KONOMI_CHECK_OK(stored);
  std::map<LogPartition, LogOffset> next_offsets;
  for (const auto& [partition, watermark] : sorted.batch.watermarks)
    next_offsets[partition] = watermark.next_offset;
  return ports_.reader.commit(next_offsets);
}

// Removes the letters first, because their number is kept with the erasure.
Result<void> Consumer::erase(const ErasureOrder& given) {
  ErasureOrder erasure = given;
  KONOMI_TRY(erasure.dead_letters,
             ports_.dead_letters.erase(given.user_id, given.position, given.requested_at));
  KONOMI_CHECK_OK(ports_.orders.erase(erasure));
  const auto known = erased_.find(given.bucket);
  // A bucket that is not known yet is read, with this erasure, when an order of it comes.
  if (known == erased_.end()) return {};
  // An earlier erasure of the user may come again after a later one.
  LogPosition& last = known->second[digest_of(given.user_id)];
  last = std::max(last, given.position);
  return {};
}

Result<void> Consumer::note_end_of_log(Timestamp asked_at, const std::stop_token& stop) {
  if (stop.stop_requested()) return {};  // An interrupted poll says nothing about the log.
  if (idle_written_at_ && asked_at - *idle_written_at_ < options_.idle_write_every &&
      asked_at >= *idle_written_at_)
    return {};
  KONOMI_TRY(const auto ends, ports_.reader.read_to_end());
  StoreBatch batch;
  for (const auto& [partition, end] : ends) {
    const Watermark reached{.next_offset = end, .stored_up_to = asked_at - kIdleMargin};
    const auto known = watermarks_.find(partition);
    const bool is_news = known == watermarks_.end() ||
                         known->second.next_offset < reached.next_offset ||
                         known->second.stored_up_to < reached.stored_up_to;
    if (is_news) batch.watermarks.emplace(partition, reached);
  }
  if (!batch.watermarks.empty()) KONOMI_CHECK_OK(ports_.orders.put(batch));
  for (const auto& [partition, watermark] : batch.watermarks) watermarks_[partition] = watermark;
  idle_written_at_ = asked_at;
  return {};
}

void Consumer::note_written(const SortedRecords& sorted) {
  for (const auto& [partition, written] : sorted.batch.watermarks) {
    Watermark& watermark = watermarks_[partition];
    watermark.next_offset = std::max(watermark.next_offset, written.next_offset);
    watermark.stored_up_to = std::max(watermark.stored_up_to, written.stored_up_to);
  }
  orders_erased_.Increment(static_cast<double>(sorted.erased));
  orders_redelivered_.Increment(static_cast<double>(sorted.redelivered));
  if (sorted.erasure) erasures_.Increment();
  orders_stored_.Increment(static_cast<double>(sorted.batch.orders.size()));
  for (const DeadLetter& letter : sorted.dead_letters)
    dead_letters_of(metrics_, letter.reason).Increment();
}

Result<void> Consumer::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    heartbeat_.beat();
    const auto passed = step(stop);
    if (passed) {
      note_success();
      continue;
    }
    if (stop.stop_requested()) break;
    note_failure(passed.error());
    if (!is_transient(passed.error().code)) return std::unexpected(passed.error());
    retries_of(metrics_, held_for_.empty() ? name_of(passed.error().code) : held_for_).Increment();
    wait_to_retry(stop);
  }
  return {};
}

// Keeps polling the group while it waits: an outage of the store must not look like a dead reader,
// whose partitions would go to other consumers that cannot store either.
void Consumer::wait_to_retry(const std::stop_token& stop) {
  const auto wait = next_retry_wait();
  if (!ports_.reader.poll(0, wait, stop)) wait_or_stop(stop, wait);
}

std::chrono::milliseconds Consumer::next_retry_wait() {
  const int doublings = std::min(attempts_failed_ - 1, 20);
  const auto wait = std::min(options_.retry_max, options_.retry_first * (1 << doublings));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(wait.count() / 2, wait.count())(random_));
}

// Logs one line when failures begin and one when they end, so that a long outage does not fill the
// log.
void Consumer::note_failure(const Error& error) {
  const bool transient = is_transient(error.code);
  std::string reason = held_for_.empty() ? std::string(name_of(error.code)) : held_for_;
  ++attempts_failed_;
  if (!transient) {
    log_error("consume stops ({}): {}; orders wait in the log", reason, error.message);
    reason.clear();
  } else if (reason != retrying_for_) {
    log_warning("consume cannot go on ({}): {}; trying again until it can", reason, error.message);
  }
  show_retrying(std::move(reason));
  const MutexLock lock(mutex_);
  status_.state = transient ? ConsumerStatus::State::retrying : ConsumerStatus::State::stopped;
  status_.last_error = error;
}

void Consumer::note_success() {
  if (attempts_failed_ == 0) return;
  log_info("consume goes on after {} failed attempts", attempts_failed_);
  attempts_failed_ = 0;
  show_retrying({});
  const MutexLock lock(mutex_);
  status_ = {};
}

void Consumer::show_retrying(std::string reason) {
  if (reason == retrying_for_) return;
  const auto gauge = [&](const std::string& of) -> prometheus::Gauge& {
    return metrics_.gauge("konomi_consume_retrying",
                          "1 while an attempt is repeated: for an error of a port, or because most "
                          "records of a batch fail for one reason",
                          {{"reason", of}});
  };
  if (!retrying_for_.empty()) gauge(retrying_for_).Set(0);
  if (!reason.empty()) gauge(reason).Set(1);
  retrying_for_ = std::move(reason);
}

std::string_view name_of(ConsumerStatus::State state) {
  switch (state) {
    case ConsumerStatus::State::running:
      return "running";
    case ConsumerStatus::State::retrying:
      return "retrying";
    case ConsumerStatus::State::stopped:
      return "stopped";
  }
  return "running";
}

ConsumerStatus Consumer::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

}  // namespace konomi::consume
