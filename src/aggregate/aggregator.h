#pragma once

#include "aggregate/day_counter.h"
#include "aggregate/roll_up.h"
#include "base/clock.h"
#include "base/heartbeat.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/trace.h"
#include "domain/expiry.h"
#include "domain/preference.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace konomi::aggregate {

struct AggregatorOptions {
  DayCounterOptions counting;
  PreferenceRules rules;  // Used while the stores hold none.
  Preferences preferences = Preferences::always;
  std::size_t threads = 1;  // Buckets counted at the same time.
  Shard shard;              // The buckets that passes count.
  // The log's partitions. A day is not final while one of them has no watermark, which means that
  // it has not been read yet.
  std::uint32_t log_partitions = 1;
  // A pass begins when no order has come for `settle` or, under steady load, when orders have
  // waited for `settle_max`, but never so soon that counting takes more than a quarter of the time.
  std::chrono::milliseconds settle{1'000};
  std::chrono::milliseconds settle_max{5'000};
  std::chrono::milliseconds late_allowance = std::chrono::hours(1);
  std::chrono::milliseconds tick_every{200};
  // Raw orders of final days that ended longer ago than this leave; 0: none do. Shard 0 announces
  // it for all shards.
  std::chrono::milliseconds orders_kept_for{0};
  // How far past an announcement the log must have been stored before orders leave. It must be
  // longer than an announcement takes and than the clocks of log, consumers and aggregators differ.
  std::chrono::milliseconds expiry_margin{0};
  Tracer* tracer = nullptr;  // Makes spans for passes and their days; null: none. Outlives it.
};

struct AggregatePorts {
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
  SettingsStore& settings;
  // Removes the bytes of erased users from the disk once no row of theirs is left; empty when the
  // engine does that by itself. Called by the ticking thread.
  std::function<Result<void>()> purge = {};
  std::function<void()> after_tick = {};  // Called by run() after every tick.
};

struct PassReport {
  std::size_t buckets_counted = 0;  // (day, bucket) pairs.
  std::size_t days_rolled_up = 0;
  std::chrono::milliseconds duration{0};
};

struct AggregatorStatus {
  std::optional<Timestamp> last_success;  // End of the last pass that succeeded.
  std::chrono::milliseconds last_duration{0};
  std::size_t dirty_days = 0;       // Days known to wait for being counted or rolled up.
  std::optional<Error> last_error;  // Why the pass that is being repeated failed.
};

// Keeps the figures up to date with the stored orders (docs/design.md#dirty): finds what is dirty,
// counts it, rolls the days up, and records how far it has come. Whatever a failed or killed pass
// left half done, the next pass repairs. One thread ticks, runs or counts; status() is safe from
// every thread.
class Aggregator {
 public:
  // Everything passed in outlives the aggregator.
  Aggregator(AggregatePorts ports, const BusinessCalendar& calendar, BucketCount bucket_count,
             Metrics& metrics, const Clock& clock, AggregatorOptions options = {});

  // Makes a pass if one is due; returns whether it did. Errors are those of the ports: tick again.
  Result<bool> tick(std::stop_token stop);

  // Ticks until `stop`. A new error is logged, and the tick is repeated.
  void run(std::stop_token stop);

  // Makes a pass now: counts everything dirty, without waiting for orders to settle.
  Result<PassReport> count_dirty(std::stop_token stop);

  // Counts the shard's buckets of one day again, dirty or not, and rolls the day up with what is
  // stored for the other buckets.
  Result<PassReport> count_day(BusinessDay day, std::stop_token stop);

  AggregatorStatus status() const;

  // Beats with every tick and, during a pass, with every chunk of users, bucket and day.
  const Heartbeat& heartbeat() const { return heartbeat_; }

 private:
  // What a pass works from. Read once, before any mark.
  struct View {
    CountingRules rules;
    std::map<LogPartition, LogOffset> next_offsets;
    StateOfTime time;
    std::optional<Expiry> expiry;
  };
  // The days to count, by bucket.
  using Work = std::map<Bucket, std::set<BusinessDay>>;

  Result<void> load();
  Result<CountingRules> rules() const;
  Result<View> view() const;
  Result<bool> try_tick(const std::stop_token& stop);
  bool is_due(const View& view);
  bool has_settled(const View& view);
  std::set<BusinessDay> days_changed_by(const StateOfTime& time) const;
  std::set<BusinessDay> days_closed_by(const StateOfTime& time) const;
  bool is_dirty(const Marks& marks, const CountedMarks* counted, const CountingRules& rules) const;
  bool may_be_half_done(const Marks& marks, const CountedMarks* counted) const;
  Result<PassReport> pass(const View& view, const std::stop_token& stop);
  Result<PassReport> traced_pass(const View& view, const std::stop_token& stop);
  void begin_day_span(BusinessDay day) KONOMI_REQUIRES(work_mutex_);
  Result<void> find_work(const View& view);
  Result<void> erase_users(Bucket bucket, const View& view);
  bool is_of_next_pass(const Erasure& erasure) const;
  Result<void> finish_erasures();
  Result<void> announce_expiry(const View& view);
  bool may_expire(const View& view) const;
  Result<void> expire_orders(const View& view);
  Result<std::optional<BucketSummary>> summary_without_orders(BusinessDay day, Bucket bucket,
                                                              const View& view) const;
  Result<void> expire_bucket(Bucket bucket, const View& view);
  void note_unsettled(const Work& work, const StateOfTime& time);
  Result<std::size_t> count_work(Work& work, const View& view, const std::stop_token& stop);
  Result<std::size_t> count_bucket(Bucket bucket, std::set<BusinessDay>& days, const View& view,
                                   const std::stop_token& stop) KONOMI_EXCLUDES(work_mutex_);
  Result<std::size_t> roll_up(const View& view, const std::stop_token& stop)
      KONOMI_EXCLUDES(work_mutex_);
  void note_final_late();
  void note_dirty_days() KONOMI_EXCLUDES(work_mutex_);
  void note_pass(Timestamp finished_at, const PassReport& report);
  void note_failure(const Error& error);
  void note_success();

  AggregatePorts ports_;
  const BusinessCalendar& calendar_;
  const BucketCount bucket_count_;
  const Clock& clock_;
  const AggregatorOptions options_;
  const std::vector<Bucket> buckets_;  // The shard's.
  Heartbeat heartbeat_;
  const DayCounter counter_;
  prometheus::Counter& passes_;
  prometheus::Counter& failures_;
  prometheus::Histogram& seconds_;
  prometheus::Counter& buckets_counted_;
  prometheus::Counter& days_rolled_up_;
  prometheus::Counter& erasures_done_;
  prometheus::Counter& buckets_expired_;
  prometheus::Gauge& last_success_;
  prometheus::Gauge& dirty_days_;
  prometheus::Gauge& final_late_;

  // Only for the ticking thread.
  bool loaded_ = false;
  std::map<LogPartition, LogOffset> counted_up_to_;  // As the last whole pass left it …
  Generation generation_;                            // … and the one it counted under.
  bool recovering_ =
      true;              // No pass of this object has succeeded: an earlier one may be half done.
  bool failed_ = false;  // Whether the last pass failed.
  std::chrono::milliseconds last_duration_{0};
  std::map<BusinessDay, DayState> unsettled_;  // Days that were not final when last seen.
  Work work_;                                  // To be counted; keeps what a failed pass left.
  std::vector<Erasure> erasures_;              // To be finished when the pass has succeeded.
  std::optional<Expiry> expiry_;               // As last seen.
  bool expires_more_ = true;                   // Whether orders may remain that must leave.
  std::size_t expired_ = 0;                    // (day, bucket) pairs expired in the current step.
  std::map<LogPartition, LogOffset> seen_;     // The end of what was stored at the last tick …
  Timestamp seen_at_;                          // … and since when.
  std::optional<Timestamp> dirty_since_;

  Mutex work_mutex_;
  // Days to roll up, and whether their own orders were counted.
  std::map<BusinessDay, bool> roll_ups_ KONOMI_GUARDED_BY(work_mutex_);

  // The spans of the current pass: each day from its first bucket until it is rolled up.
  std::optional<TraceContext> pass_trace_ KONOMI_GUARDED_BY(work_mutex_);
  std::map<BusinessDay, Span> day_spans_ KONOMI_GUARDED_BY(work_mutex_);

  mutable Mutex mutex_;
  AggregatorStatus status_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::aggregate
