#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "domain/ids.h"

#include <map>
#include <optional>
#include <vector>

namespace konomi {

// How far counting has come: everything before these offsets is stored and counted.
struct CountProgress {
  std::map<LogPartition, LogOffset> next_offsets;
  Timestamp finished_at;
  std::chrono::milliseconds duration{0};

  friend bool operator==(const CountProgress&, const CountProgress&) = default;
};

// The counted figures. Every put replaces one value as a whole. Blocking; safe from every thread;
// one thread writes a bucket at a time.
class SummaryStore {
 public:
  virtual ~SummaryStore() = default;

  virtual Result<void> put_bucket_summary(BusinessDay day, Bucket bucket,
                                          const BucketSummary& summary) = 0;
  virtual Result<std::optional<BucketSummary>> bucket_summary(BusinessDay day, Bucket bucket) = 0;

  // What each day's summary of this bucket was counted up to, by day.
  virtual Result<std::map<BusinessDay, Marks>> counted_marks(Bucket bucket) = 0;

  // The moves of one (day, bucket): a roll-up of preference_changes. Empty moves replace what was
  // there.
  virtual Result<void> put_bucket_moves(BusinessDay day, Bucket bucket, const Moves& moves) = 0;
  virtual Result<Moves> bucket_moves(BusinessDay day, Bucket bucket) = 0;

  virtual Result<void> put_day(const DaySummary& summary) = 0;
  virtual Result<std::optional<DaySummary>> day(BusinessDay day) = 0;

  // Days within [from, to], ascending, at most `days_max`.
  virtual Result<std::vector<DaySummary>> days(BusinessDay from, BusinessDay to,
                                               std::size_t days_max) = 0;

  struct Range {
    BusinessDay first;
    BusinessDay last;
    std::uint64_t count = 0;
  };
  virtual Result<std::optional<Range>> days_range() = 0;  // Nothing: no day has figures.

  virtual Result<void> put_progress(const CountProgress& progress) = 0;
  virtual Result<std::optional<CountProgress>> progress() = 0;
};

}  // namespace konomi
