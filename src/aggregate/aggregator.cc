#include "aggregate/aggregator.h"

#include "aggregate/erased_user.h"
#include "aggregate/expiring.h"
#include "base/assert.h"
#include "base/log.h"
#include "base/wait.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace konomi::aggregate {
namespace {

constexpr std::size_t kDaysPerRead = 100;
constexpr std::size_t kExpiredPerPass = 1'000;  // (day, bucket) pairs.
constexpr std::size_t kDaySpansMax = 1'000;     // Open at the same time in a pass.

bool is_settled(DayState state) {
  return state == DayState::final || state == DayState::revised;
}

// The instant before which every record is stored, in every partition.
Timestamp stored_up_to(const std::map<LogPartition, Watermark>& watermarks,
                       std::uint32_t log_partitions) {
  if (watermarks.empty() || watermarks.size() < log_partitions) return {};
  return std::ranges::min_element(watermarks, {},
                                  [](const auto& entry) { return entry.second.stored_up_to; })
      ->second.stored_up_to;
}

double seconds_of(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Aggregator::Aggregator(AggregatePorts ports, const BusinessCalendar& calendar,
                       BucketCount bucket_count, Metrics& metrics, const Clock& clock,
                       AggregatorOptions options)
    : ports_(ports),
      calendar_(calendar),
      bucket_count_(bucket_count),
      clock_(clock),
      options_(options),
      buckets_(buckets_of(options.shard, bucket_count)),
      counter_(ports.orders, ports.summaries, ports.preferences, calendar, heartbeat_,
               options.counting),
      passes_(metrics.counter("konomi_aggregate_passes_total", "Passes that went through")),
      failures_(metrics.counter("konomi_aggregate_failures_total", "Passes that failed")),
      seconds_(metrics.histogram("konomi_aggregate_duration_seconds",
                                 "How long passes took that went through",
                                 {0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900, 3600})),
      buckets_counted_(
          metrics.counter("konomi_aggregate_buckets_counted_total", "Buckets of days counted")),
      days_rolled_up_(metrics.counter("konomi_aggregate_days_rolled_up_total",
                                      "Days whose figures were summed up")),
      erasures_done_(metrics.counter("konomi_aggregate_erasures_total",
                                     "Erasures after which nothing of the user is stored")),
      buckets_expired_(metrics.counter("konomi_aggregate_buckets_expired_total",
                                       "Buckets of days whose raw orders have left by "
                                       "retention_orders")),
      last_success_(metrics.gauge("konomi_aggregate_last_success_timestamp_seconds",
                                  "When the last pass went through")),
      dirty_days_(metrics.gauge("konomi_aggregate_dirty_days",
                                "Days known to be counted or summed up still")),
      final_late_(metrics.gauge("konomi_aggregate_final_late_seconds",
                                "For how long the oldest day that is not final could have been; 0 "
                                "when there is none")) {}

Result<bool> Aggregator::tick(std::stop_token stop) {
  auto ticked = try_tick(stop);
  note_final_late();
  if (ticked) {
    note_success();
  } else if (!stop.stop_requested()) {
    note_failure(ticked.error());
  }
  return ticked;
}

void Aggregator::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    heartbeat_.beat();
    (void)tick(stop);  // An error has been noted; every tick is repeated anyway.
    if (ports_.after_tick) ports_.after_tick();
    wait_or_stop(stop, options_.tick_every);
  }
}

Result<bool> Aggregator::try_tick(const std::stop_token& stop) {
  KONOMI_CHECK_OK(load());
  KONOMI_TRY(const View seen, view());
  KONOMI_CHECK_OK(announce_expiry(seen));
  if (!is_due(seen)) return false;
  KONOMI_CHECK_OK(traced_pass(seen, stop));
  return true;
}

Result<PassReport> Aggregator::count_dirty(std::stop_token stop) {
  KONOMI_CHECK_OK(load());
  KONOMI_TRY(const View seen, view());
  KONOMI_CHECK_OK(announce_expiry(seen));
  return traced_pass(seen, stop);
}

Result<PassReport> Aggregator::count_day(BusinessDay day, std::stop_token stop) {
  KONOMI_CHECK_OK(load());
  KONOMI_TRY(const View seen, view());
  Work work;
  for (const Bucket bucket : buckets_) {
    KONOMI_TRY(const auto marks, ports_.orders.marks(bucket));
    if (marks.contains(day)) work[bucket].insert(day);
  }
  PassReport report;
  KONOMI_TRY(report.buckets_counted, count_work(work, seen, stop));
  KONOMI_TRY(report.days_rolled_up, roll_up(seen, stop));
  report.duration = std::max(std::chrono::milliseconds(0), clock_.now() - seen.time.now);
  return report;
}

Result<void> Aggregator::load() {
  if (loaded_) return {};
  KONOMI_TRY(const auto progress, ports_.summaries.progress(buckets_));
  KONOMI_TRY(const auto range, ports_.summaries.days_range());
  unsettled_.clear();
  for (auto from = range ? range->first : BusinessDay(); range && from <= range->last;) {
    KONOMI_TRY(const auto days, ports_.summaries.days(from, range->last, kDaysPerRead));
    if (days.empty()) break;
    for (const DaySummary& day : days) {
      if (!is_settled(day.state)) unsettled_[day.day] = day.state;
    }
    from = days.back().day + std::chrono::days(1);
  }
  if (progress) {
    counted_up_to_ = progress->next_offsets;
    generation_ = progress->generation;
    last_duration_ = progress->duration;
    note_pass(progress->finished_at, {.duration = progress->duration});
  }
  loaded_ = true;
  return {};
}

Result<CountingRules> Aggregator::rules() const {
  KONOMI_TRY(const auto stored, ports_.settings.counting_rules());
  return stored.value_or(CountingRules{.preference = options_.rules});
}

// The watermarks are read before the marks, and the marks before the orders, so that a pass that
// succeeded has counted everything below the watermarks it began with.
Result<Aggregator::View> Aggregator::view() const {
  View view;
  KONOMI_TRY(view.rules, rules());
  KONOMI_TRY(view.expiry, ports_.settings.expiry());
  KONOMI_TRY(const auto watermarks, ports_.orders.watermarks());
  for (const auto& [partition, watermark] : watermarks)
    view.next_offsets[partition] = watermark.next_offset;
  view.time = {.now = clock_.now(),
               .stored_up_to = stored_up_to(watermarks, options_.log_partitions),
               .late_allowance = options_.late_allowance};
  return view;
}

bool Aggregator::is_due(const View& view) {
  const bool settled = has_settled(view);  // Keeps state of its own, so it must see every tick.
  if (view.expiry != expiry_) expires_more_ = true;
  return settled || failed_ || view.rules.generation != generation_ ||
         !days_changed_by(view.time).empty() || (expires_more_ && may_expire(view));
}

// Whether there are new orders and counting them now is better than waiting for more. Looks at no
// mark when nothing was stored since the last pass.
bool Aggregator::has_settled(const View& view) {
  const Timestamp now = view.time.now;
  if (view.next_offsets == counted_up_to_) {
    dirty_since_.reset();
    return false;
  }
  if (!dirty_since_ || now < *dirty_since_) dirty_since_ = now;
  if (view.next_offsets != seen_ || now < seen_at_) {
    seen_ = view.next_offsets;
    seen_at_ = now;
  }
  const auto patience = std::max(options_.settle_max, 3 * last_duration_);
  return now - seen_at_ >= options_.settle || now - *dirty_since_ >= patience;
}

std::set<BusinessDay> Aggregator::days_changed_by(const StateOfTime& time) const {
  std::set<BusinessDay> days;
  for (const auto& [day, state] : unsettled_) {
    if (state_by_time(day, calendar_, time) != state) days.insert(day);
  }
  return days;
}

// Every bucket of a day is counted again before the day becomes final; and when it is over, if its
// users have waited for that to be judged.
std::set<BusinessDay> Aggregator::days_closed_by(const StateOfTime& time) const {
  std::set<BusinessDay> days;
  for (const auto& [day, state] : unsettled_) {
    const DayState next = state_by_time(day, calendar_, time);
    const bool is_over = state == DayState::open && next != DayState::open;
    if (next == DayState::final || (is_over && options_.preferences == Preferences::nightly))
      days.insert(day);
  }
  return days;
}

bool Aggregator::is_dirty(const Marks& marks, const CountedMarks* counted,
                          const CountingRules& rules) const {
  return counted == nullptr || konomi::is_dirty(marks, counted->marks) ||
         counted->generation < rules.counted_since;
}

// A process that was killed during a pass leaves buckets that look counted although their days, or
// later days of their users, were not rolled up. Either their orders were stored after the last
// pass that succeeded, because that pass counted everything it saw, or they were counted under a
// generation that no whole pass has had.
bool Aggregator::may_be_half_done(const Marks& marks, const CountedMarks* counted) const {
  if (counted != nullptr && counted->generation > generation_) return true;
  return std::ranges::any_of(marks, [&](const auto& mark) {
    const auto up_to = counted_up_to_.find(mark.first);
    return up_to == counted_up_to_.end() || mark.second >= up_to->second;
  });
}

Result<PassReport> Aggregator::traced_pass(const View& view, const std::stop_token& stop) {
  if (options_.tracer == nullptr || !options_.tracer->is_on()) return pass(view, stop);
  Span span = options_.tracer->begin("aggregate pass", SpanKind::internal, std::nullopt);
  const TraceScope scope(span.context());
  {
    const MutexLock lock(work_mutex_);
    pass_trace_ = span.context();
  }
  auto report = pass(view, stop);
  if (report) {
    span.set("konomi.buckets_counted", static_cast<std::int64_t>(report->buckets_counted));
    span.set("konomi.days_rolled_up", static_cast<std::int64_t>(report->days_rolled_up));
  } else {
    span.fail(report.error().message);
  }
  const MutexLock lock(work_mutex_);
  day_spans_.clear();  // A failed pass may have left some.
  pass_trace_.reset();
  return report;
}

void Aggregator::begin_day_span(BusinessDay day) {
  if (!pass_trace_ || day_spans_.size() >= kDaySpansMax || day_spans_.contains(day)) return;
  Span span = options_.tracer->begin("aggregate day", SpanKind::internal, pass_trace_);
  span.set("konomi.business_day", to_string(day));
  day_spans_.emplace(day, std::move(span));
}

Result<PassReport> Aggregator::pass(const View& view, const std::stop_token& stop) {
  failed_ = true;  // Until it has succeeded.
  PassReport report;
  KONOMI_CHECK_OK(find_work(view));
  KONOMI_TRY(report.buckets_counted, count_work(work_, view, stop));
  // Not earlier, because a final day whose figures change in two steps would be revised twice.
  KONOMI_TRY(report.days_rolled_up, roll_up(view, stop));
  KONOMI_TRY(const CountingRules rules_now, rules());
  if (rules_now.generation != view.rules.generation) {
    // Writes counted under the old generation may have lost to newer ones, and nothing else shows
    // it. Everything stored since the last whole pass is counted again.
    recovering_ = true;
    KONOMI_TRY(const View now, this->view());
    return pass(now, stop);
  }
  KONOMI_CHECK_OK(finish_erasures());
  KONOMI_CHECK_OK(expire_orders(view));
  const Timestamp finished_at = clock_.now();
  report.duration = std::max(std::chrono::milliseconds(0), finished_at - view.time.now);
  KONOMI_CHECK_OK(ports_.summaries.put_progress(buckets_, {.next_offsets = view.next_offsets,
                                                           .generation = view.rules.generation,
                                                           .finished_at = finished_at,
                                                           .duration = report.duration}));
  failed_ = false;
  counted_up_to_ = view.next_offsets;
  generation_ = view.rules.generation;
  dirty_since_.reset();
  last_duration_ = report.duration;
  passes_.Increment();
  seconds_.Observe(seconds_of(report.duration));
  note_pass(finished_at, report);
  return report;
}

Result<void> Aggregator::find_work(const View& view) {
  const std::set<BusinessDay> closed = days_closed_by(view.time);
  erasures_.clear();
  for (const Bucket bucket : buckets_) {
    heartbeat_.beat();
    KONOMI_TRY(const auto marks_by_day, ports_.orders.marks(bucket));
    KONOMI_CHECK_OK(erase_users(bucket, view));
    KONOMI_TRY(const auto counted_by_day, ports_.summaries.counted_marks(bucket));
    for (const auto& [day, marks] : marks_by_day) {
      const auto found = counted_by_day.find(day);
      const CountedMarks* const counted = found == counted_by_day.end() ? nullptr : &found->second;
      if (is_dirty(marks, counted, view.rules) || closed.contains(day) ||
          (recovering_ && may_be_half_done(marks, counted)))
        work_[bucket].insert(day);
    }
  }
  recovering_ = false;  // `work_` now holds what an earlier process left.
  const MutexLock lock(work_mutex_);
  for (const BusinessDay day : days_changed_by(view.time)) roll_ups_.try_emplace(day, false);
  return {};
}

// Removes what was counted from erased orders. All days of these users are counted again, also days
// that lost nothing: a user who has ordered since is judged by the orders that are left.
Result<void> Aggregator::erase_users(Bucket bucket, const View& view) {
  KONOMI_TRY(auto erasures, ports_.orders.erasures(bucket));
  for (std::size_t i = 0; i < erasures.size(); ++i) {
    const ErasureState state = erasures[i].state;
    if (state == ErasureState::counted) erasures_.push_back(erasures[i]);
    if (state != ErasureState::stored) continue;
    KONOMI_TRY(const std::set<BusinessDay> days,
               erase_user(ports_.orders, ports_.preferences, erasures, i, view.rules.generation));
    work_[bucket].insert(days.begin(), days.end());
    erasures_.push_back(erasures[i]);
  }
  return {};
}

// Whether the erasure came after this pass looked for work. Then what was counted of the user is
// still there, and adding the lost versions too would give a version that no later count reaches.
bool Aggregator::is_of_next_pass(const Erasure& erasure) const {
  return erasure.state == ErasureState::stored &&
         std::ranges::find(erasures_, erasure.position, &Erasure::position) == erasures_.end();
}

Result<void> Aggregator::finish_erasures() {
  if (erasures_.empty()) return {};
  // The erasure keeps the id until here; what is purged from now on no longer holds it.
  for (Erasure& erasure : erasures_) {
    erasure.state = ErasureState::counted;
    erasure.user_id = {};
    KONOMI_CHECK_OK(ports_.orders.put_erasure(erasure));
  }
  if (ports_.purge) KONOMI_CHECK_OK(ports_.purge());
  for (Erasure& erasure : erasures_) {
    erasure.state = ErasureState::done;
    erasure.finished_at = clock_.now();
    KONOMI_CHECK_OK(ports_.orders.put_erasure(erasure));
  }
  erasures_done_.Increment(static_cast<double>(erasures_.size()));
  erasures_.clear();
  return {};
}

// --- Orders that are too old

// Takes effect with the next tick. Nothing is announced before the log is stored up to the last
// announcement, because consumers know the last two only.
Result<void> Aggregator::announce_expiry(const View& view) {
  if (options_.orders_kept_for.count() == 0 || options_.shard.index != 0) return {};
  // A day leaves when it ended that long ago, but not before it can be final.
  const BusinessDay before =
      calendar_.day_of(view.time.now - std::max(options_.orders_kept_for, options_.late_allowance));
  Expiry next{.before = before, .announced_at = view.time.now};
  if (view.expiry) {
    if (before <= view.expiry->before || !may_expire(view)) return {};
    next.earlier_before = view.expiry->before;
    next.earlier_announced_at = view.expiry->announced_at;
  }
  return ports_.settings.put_expiry(next);
}

// Only orders logged before the announcement are accepted. When the log is stored up to it, this
// pass has counted them all.
bool Aggregator::may_expire(const View& view) const {
  return view.expiry && view.time.stored_up_to > view.expiry->announced_at + options_.expiry_margin;
}

Result<void> Aggregator::expire_orders(const View& view) {
  if (view.expiry != expiry_) expires_more_ = true;
  expiry_ = view.expiry;
  if (!expires_more_ || !may_expire(view)) return {};
  expires_more_ = false;
  expired_ = 0;
  for (const Bucket bucket : buckets_) {
    heartbeat_.beat();
    KONOMI_CHECK_OK(expire_bucket(bucket, view));
    if (expires_more_) break;
  }
  if (expired_ == 0) return {};
  KONOMI_CHECK_OK(ports_.orders.reclaim(view.expiry->before));
  buckets_expired_.Increment(static_cast<double>(expired_));
  log_info("raw orders of days before {} have left: {} buckets of days{} (retention_orders)",
           to_string(view.expiry->before), expired_, expires_more_ ? ", and more to come" : "");
  return {};
}

// The summary is marked before the orders leave; from then on it is not counted again.
Result<void> Aggregator::expire_bucket(Bucket bucket, const View& view) {
  KONOMI_TRY(const auto marks_by_day, ports_.orders.marks(bucket));
  KONOMI_TRY(const auto counted_by_day, ports_.summaries.counted_marks(bucket));
  for (const auto& [day, marks] : marks_by_day) {
    if (day >= view.expiry->before) break;
    if (unsettled_.contains(day)) continue;  // It becomes final first.
    const auto counted = counted_by_day.find(day);
    if (counted == counted_by_day.end() || konomi::is_dirty(marks, counted->second.marks)) continue;
    if (counted->second.raw_orders == RawOrders::gone) continue;
    if (expired_ == kExpiredPerPass) {
      expires_more_ = true;
      return {};
    }
    KONOMI_TRY(const auto parts, ports_.summaries.day_parts(day, {&bucket, 1}));
    if (!parts.front().summary) continue;
    const auto put = [&](const BucketSummary& summary, RawOrders state) -> Result<BucketSummary> {
      BucketSummary next = raised(summary, summary.counted_up_to, view.rules.generation);
      next.raw_orders = state;
      KONOMI_CHECK_OK(ports_.summaries.put_bucket_summary(day, bucket, next));
      return next;
    };
    BucketSummary summary = *parts.front().summary;
    if (summary.raw_orders == RawOrders::kept) {
      KONOMI_TRY(summary, put(summary, RawOrders::leaving));
    }
    KONOMI_CHECK_OK(ports_.orders.remove_orders(day, bucket, marks));
    KONOMI_CHECK_OK(put(summary, RawOrders::gone));
    ++expired_;
  }
  return {};
}

// Called before the days are counted. If the pass fails and continues after such a day is over, the
// buckets that were counted while it was open must be counted again.
void Aggregator::note_unsettled(const Work& work, const StateOfTime& time) {
  for (const auto& [bucket, days] : work) {
    for (const BusinessDay day : days) {
      if (unsettled_.contains(day)) continue;
      const DayState state = state_by_time(day, calendar_, time);
      if (!is_settled(state)) unsettled_[day] = state;
    }
  }
}

Result<std::size_t> Aggregator::count_work(Work& work, const View& view,
                                           const std::stop_token& stop) {
  std::erase_if(work, [](const auto& entry) { return entry.second.empty(); });
  note_unsettled(work, view.time);
  note_dirty_days();
  std::vector<Work::value_type*> buckets;
  for (auto& entry : work) buckets.push_back(&entry);
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> counted = 0;
  std::atomic<bool> failed = false;
  const auto count_buckets = [&](Result<void>& outcome) {
    for (std::size_t i = next++; i < buckets.size() && !failed; i = next++) {
      auto& [bucket, days] = *buckets[i];
      const auto done = count_bucket(bucket, days, view, stop);
      if (done) {
        counted += *done;
      } else {
        failed = true;
        outcome = std::unexpected(done.error());
      }
    }
  };
  std::vector<Result<void>> outcomes(std::clamp<std::size_t>(buckets.size(), 1, options_.threads));
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < outcomes.size(); ++i)
      others.emplace_back([&count_buckets, &outcome = outcomes[i]] { count_buckets(outcome); });
    count_buckets(outcomes[0]);
  }
  for (const Result<void>& outcome : outcomes) KONOMI_CHECK_OK(outcome);
  return counted.load();
}

// The summary of a (day, bucket) whose orders are leaving or gone.
Result<std::optional<BucketSummary>> Aggregator::summary_without_orders(BusinessDay day,
                                                                        Bucket bucket,
                                                                        const View& view) const {
  if (!view.expiry || day >= view.expiry->before) return std::optional<BucketSummary>();
  KONOMI_TRY(auto parts, ports_.summaries.day_parts(day, {&bucket, 1}));
  auto& summary = parts.front().summary;
  if (summary && summary->raw_orders == RawOrders::kept) summary.reset();
  return std::move(summary);
}

// Days ascend, so that counting a long history judges no user's later days twice.
Result<std::size_t> Aggregator::count_bucket(Bucket bucket, std::set<BusinessDay>& days,
                                             const View& view, const std::stop_token& stop) {
  CountTerms terms{.rules = view.rules, .judged_before = std::nullopt};
  if (options_.preferences == Preferences::nightly)
    terms.judged_before = calendar_.day_of(view.time.now);
  KONOMI_TRY(const auto marks, ports_.orders.marks(bucket));
  KONOMI_TRY(auto erasures, ports_.orders.erasures(bucket));
  std::erase_if(erasures, [this](const Erasure& erasure) { return is_of_next_pass(erasure); });
  const ErasedVersions erased(erasures);
  if (!erasures.empty()) terms.erased = &erased;
  std::size_t counted = 0;
  while (!days.empty()) {
    const BusinessDay day = *days.begin();
    const auto found = marks.find(day);
    {
      const MutexLock lock(work_mutex_);
      begin_day_span(day);
    }
    const Marks of_day = found == marks.end() ? Marks() : found->second;
    KONOMI_TRY(const auto left, summary_without_orders(day, bucket, view));
    KONOMI_TRY(const auto bucket_counted,
               left ? counter_.renew(day, bucket, *left, of_day, terms, stop)
                    : counter_.count(day, bucket, of_day, terms, stop));
    const MutexLock lock(work_mutex_);
    for (const BusinessDay touched : bucket_counted.days) roll_ups_.try_emplace(touched, false);
    roll_ups_[day] = true;
    days.erase(days.begin());
    buckets_counted_.Increment();
    ++counted;
  }
  return counted;
}

Result<std::size_t> Aggregator::roll_up(const View& view, const std::stop_token& stop) {
  std::size_t rolled_up = 0;
  const MutexLock lock(work_mutex_);
  while (!roll_ups_.empty()) {
    heartbeat_.beat();
    if (stop.stop_requested())
      return fail(ErrorCode::cancelled, "summing days up was stopped; the next pass goes on");
    const auto [day, counted] = *roll_ups_.begin();
    KONOMI_TRY(const auto summary, roll_up_day(day, counted, ports_.summaries, calendar_,
                                               bucket_count_, view.time, view.rules.generation));
    if (is_settled(summary.state)) {
      unsettled_.erase(day);
    } else {
      unsettled_[day] = summary.state;
    }
    day_spans_.erase(day);
    roll_ups_.erase(roll_ups_.begin());
    days_rolled_up_.Increment();
    ++rolled_up;
  }
  return rolled_up;
}

// A day can be final when it is over and the late allowance has passed. Then it only waits until
// the log has been read that far and the day has been counted.
void Aggregator::note_final_late() {
  std::chrono::milliseconds late{0};
  if (!unsettled_.empty()) {
    const auto over =
        calendar_.interval_of(unsettled_.begin()->first).end + options_.late_allowance;
    late = std::max(late, clock_.now() - over);
  }
  final_late_.Set(seconds_of(late));
}

void Aggregator::note_dirty_days() {
  std::set<BusinessDay> days;
  for (const auto& [bucket, of_bucket] : work_) days.insert(of_bucket.begin(), of_bucket.end());
  {
    const MutexLock lock(work_mutex_);
    for (const auto& [day, counted] : roll_ups_) days.insert(day);
  }
  dirty_days_.Set(static_cast<double>(days.size()));
  const MutexLock lock(mutex_);
  status_.dirty_days = days.size();
}

void Aggregator::note_pass(Timestamp finished_at, const PassReport& report) {
  last_success_.Set(seconds_of(finished_at.time_since_epoch()));
  dirty_days_.Set(0);
  const MutexLock lock(mutex_);
  status_.last_success = finished_at;
  status_.last_duration = report.duration;
  status_.dirty_days = 0;
}

// Logs one line when failures begin and one when they end.
void Aggregator::note_failure(const Error& error) {
  failures_.Increment();
  const MutexLock lock(mutex_);
  if (!status_.last_error || status_.last_error->code != error.code)
    log_warning("aggregate failed ({}): {}; trying again until it can", name_of(error.code),
                error.message);
  status_.last_error = error;
}

void Aggregator::note_success() {
  const MutexLock lock(mutex_);
  if (status_.last_error) log_info("aggregate goes on");
  status_.last_error.reset();
}

AggregatorStatus Aggregator::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

}  // namespace konomi::aggregate
