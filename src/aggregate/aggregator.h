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

// When users are judged who ordered on a day that is still open.
enum class Preferences { always, nightly };

struct AggregatorOptions {
  DayCounterOptions counting;
  PreferenceRules rules;  // As long as the stores hold none.
  Preferences preferences = Preferences::always;
  std::size_t threads = 1;  // Buckets counted at the same time.
  Shard shard;              // The buckets that passes count.
  // Of the log. A day is not final while a partition has no watermark: nobody has read it yet.
  std::uint32_t log_partitions = 1;
  // A pass begins when no order came for `settle`; or, under steady load, when orders have waited
  // for `settle_max`, but never so soon that counting takes more than a quarter of the time.
  std::chrono::milliseconds settle{1'000};
  std::chrono::milliseconds settle_max{5'000};
  std::chrono::milliseconds late_allowance = std::chrono::hours(1);
  std::chrono::milliseconds tick_every{200};
  // Raw orders of final days that ended longer ago leave; 0: none do. The shard 0 says so for all.
  std::chrono::milliseconds orders_kept_for{0};
  // How much later than an announcement the log must have been stored, before orders leave: more
  // than announcing takes, and than the clocks of log, consumers and aggregators disagree.
  std::chrono::milliseconds expiry_margin{0};
  Tracer* tracer = nullptr;  // Of spans for passes and their days; null: none. Outlives it.
};

struct AggregatePorts {
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
  SettingsStore& settings;
  // Takes the bytes of erased users off the disk, when no row of theirs is left; empty: that is
  // not ours to do. Called by the ticking thread.
  std::function<Result<void>()> purge = {};
  std::function<void()> after_tick = {};  // Called by run() after every tick.
};

struct PassReport {
  std::size_t buckets_counted = 0;  // (day, bucket) pairs.
  std::size_t days_rolled_up = 0;
  std::chrono::milliseconds duration{0};
};

struct AggregatorStatus {
  std::optional<Timestamp> last_success;  // End of the last pass that went through.
  std::chrono::milliseconds last_duration{0};
  std::size_t dirty_days = 0;       // Known to be counted or rolled up still.
  std::optional<Error> last_error;  // Of the pass that is being repeated.
};

// Keeps the figures up with the stored orders (docs/design.md#dirty): finds what is dirty, counts
// it, rolls the days up, and writes down how far it has come. A pass that failed or was killed has
// left nothing wrong that the next one does not mend. One thread ticks, runs or counts; status() is
// for every thread.
class Aggregator {
 public:
  // All of them outlive it.
  Aggregator(AggregatePorts ports, const BusinessCalendar& calendar, BucketCount bucket_count,
             Metrics& metrics, const Clock& clock, AggregatorOptions options = {});

  // Makes a pass if one is due: whether it did. The errors are those of the ports; tick again.
  Result<bool> tick(std::stop_token stop);

  // Ticks until `stop`. An error is logged when it is new, and the tick repeated.
  void run(std::stop_token stop);

  // Makes a pass now: counts everything dirty, without waiting for orders to settle.
  Result<PassReport> count_dirty(std::stop_token stop);

  // Counts one day anew, dirty or not, and rolls it up: the shard's buckets, with what is stored of
  // the others.
  Result<PassReport> count_day(BusinessDay day, std::stop_token stop);

  AggregatorStatus status() const;

  // Beats with every tick, and within a pass with every chunk of users, bucket and day.
  const Heartbeat& heartbeat() const { return heartbeat_; }

 private:
  // What a pass goes by: read once, before any mark is.
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
  const std::vector<Bucket> buckets_;  // Of the shard.
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
  bool recovering_ = true;  // No pass of this object went through: an earlier one may be half done.
  bool failed_ = false;     // The last pass did.
  std::chrono::milliseconds last_duration_{0};
  std::map<BusinessDay, DayState> unsettled_;  // Days that were not final when last seen.
  Work work_;                                  // To count; keeps what a failed pass left.
  std::vector<Erasure> erasures_;              // To be done when the pass has gone through.
  std::optional<Expiry> expiry_;               // As last seen.
  bool expires_more_ = true;                   // Orders may be there that are to leave.
  std::size_t expired_ = 0;                    // (day, bucket) pairs, in the step that runs.
  std::map<LogPartition, LogOffset> seen_;     // The end of what was stored at the last tick …
  Timestamp seen_at_;                          // … and since when.
  std::optional<Timestamp> dirty_since_;

  Mutex work_mutex_;
  // Days to roll up, and whether their own orders were counted.
  std::map<BusinessDay, bool> roll_ups_ KONOMI_GUARDED_BY(work_mutex_);

  // Of the pass that runs: each day from its first bucket until it is summed up.
  std::optional<TraceContext> pass_trace_ KONOMI_GUARDED_BY(work_mutex_);
  std::map<BusinessDay, Span> day_spans_ KONOMI_GUARDED_BY(work_mutex_);

  mutable Mutex mutex_;
  AggregatorStatus status_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::aggregate
