#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "domain/ids.h"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace konomi {

// What one bucket holds of a day.
struct DayPart {
  Bucket bucket;
  std::optional<BucketSummary> summary;
  BucketMoves moves;

  friend bool operator==(const DayPart&, const DayPart&) = default;
};

// The counted figures. Every put replaces one value as a whole, unless what is there has a higher
// version (docs/design.md#versions; an engine with one writer need not compare). Blocking; safe
// from every thread; one thread writes a bucket at a time.
class SummaryStore {
 public:
  virtual ~SummaryStore() = default;

  virtual Result<void> put_bucket_summary(BusinessDay day, Bucket bucket,
                                          const BucketSummary& summary) = 0;

  // The moves of one (day, bucket): a roll-up of preference_changes. Empty moves replace what was
  // there.
  virtual Result<void> put_bucket_moves(BusinessDay day, Bucket bucket,
                                        const BucketMoves& moves) = 0;

  // What each of these buckets holds of a day, in the order asked for.
  virtual Result<std::vector<DayPart>> day_parts(BusinessDay day,
                                                 std::span<const Bucket> buckets) = 0;

  // What each day's summary of this bucket was counted up to, by day.
  virtual Result<std::map<BusinessDay, CountedMarks>> counted_marks(Bucket bucket) = 0;

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

  virtual Result<void> put_progress(std::span<const Bucket> buckets,
                                    const CountProgress& progress) = 0;

  // How far all of these buckets have come: least_progress() of theirs.
  virtual Result<std::optional<CountProgress>> progress(std::span<const Bucket> buckets) = 0;
};

}  // namespace konomi
