#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "domain/version.h"
#include "ports/summary_store.h"

#include <chrono>

namespace konomi::aggregate {

// What a day's state depends on besides its figures (docs/design.md#day-state).
struct StateOfTime {
  Timestamp now;
  Timestamp stored_up_to;  // Read before the marks of the buckets that were counted.
  std::chrono::milliseconds late_allowance;
};

// The state that follows from time alone for a day that is not final yet: open, preliminary or
// final.
DayState state_by_time(BusinessDay day, const BusinessCalendar& calendar, const StateOfTime& time);

// Sums the day's buckets and stores the day when it differs from the stored one in more than the
// time; always when its orders were `counted` again. Returns what is stored now, under
// `generation`. Call it when every bucket that had to be counted has been, because a final day
// whose checksum changes twice is revised twice. One thread at a time.
Result<DaySummary> roll_up_day(BusinessDay day, bool counted, SummaryStore& summaries,
                               const BusinessCalendar& calendar, BucketCount bucket_count,
                               const StateOfTime& time, Generation generation);

}  // namespace konomi::aggregate
