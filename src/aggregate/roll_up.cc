#include "aggregate/roll_up.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace konomi::aggregate {
namespace {

void raise_marks(Marks& marks, const Marks& others) {
  for (const auto& [partition, offset] : others) {
    const auto [mark, is_new] = marks.try_emplace(partition, offset);
    if (!is_new) mark->second = std::max(mark->second, offset);
  }
}

Result<DaySummary> sum_of_buckets(BusinessDay day, SummaryStore& summaries,
                                  BucketCount bucket_count) {
  DaySummary sum{.day = day};
  for (std::uint32_t i = 0; i < bucket_count.value(); ++i) {
    KONOMI_TRY(const auto bucket, summaries.bucket_summary(day, Bucket(i)));
    KONOMI_TRY(const auto moves, summaries.bucket_moves(day, Bucket(i)));
    for (const auto& [move, users] : moves) sum.moves[move] += users;
    if (!bucket) continue;
    sum.figures.add(bucket->figures);
    raise_marks(sum.counted_up_to, bucket->counted_up_to);
  }
  return sum;
}

DayStateInput state_input(BusinessDay day, const BusinessCalendar& calendar,
                          const StateOfTime& time) {
  return {.day = calendar.interval_of(day),
          .allowance = time.late_allowance,
          .now = time.now,
          .stored_up_to = time.stored_up_to};
}

}  // namespace

DayState state_by_time(BusinessDay day, const BusinessCalendar& calendar, const StateOfTime& time) {
  return day_standing(state_input(day, calendar, time), nullptr, 0).state;
}

Result<DaySummary> roll_up_day(BusinessDay day, bool counted, SummaryStore& summaries,
                               const BusinessCalendar& calendar, BucketCount bucket_count,
                               const StateOfTime& time) {
  KONOMI_TRY(auto previous, summaries.day(day));
  KONOMI_TRY(auto summary, sum_of_buckets(day, summaries, bucket_count));
  const DayStanding standing = day_standing(
      state_input(day, calendar, time), previous ? &*previous : nullptr, summary.figures.checksum);
  summary.state = standing.state;
  summary.revision = standing.revision;
  if (previous && !counted) {
    summary.computed_at = previous->computed_at;
    if (summary == *previous) return summary;
  }
  summary.computed_at = time.now;
  KONOMI_CHECK_OK(summaries.put_day(summary));
  return summary;
}

}  // namespace konomi::aggregate
