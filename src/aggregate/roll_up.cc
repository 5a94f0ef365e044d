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

struct SumOfBuckets {
  DaySummary day;  // Without state and version.
  VersionSum version;
};

Result<SumOfBuckets> sum_of_buckets(BusinessDay day, SummaryStore& summaries,
                                    BucketCount bucket_count) {
  KONOMI_TRY(const auto parts, summaries.day_parts(day, all_buckets(bucket_count)));
  SumOfBuckets result{.day = {.day = day}, .version = {}};
  DaySummary& sum = result.day;
  for (const DayPart& part : parts) {
    result.version.add(part.moves.version);
    for (const auto& [move, users] : part.moves.moves) sum.moves[move] += users;
    if (!part.summary) continue;
    result.version.add(part.summary->version);
    sum.figures.add(part.summary->figures);
    raise_marks(sum.counted_up_to, part.summary->counted_up_to);
  }
  return result;
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
                               const StateOfTime& time, Generation generation) {
  KONOMI_TRY(auto previous, summaries.day(day));
  KONOMI_TRY(auto sum, sum_of_buckets(day, summaries, bucket_count));
  DaySummary& summary = sum.day;
  const DayStanding standing = day_standing(
      state_input(day, calendar, time), previous ? &*previous : nullptr, summary.figures.checksum);
  summary.state = standing.state;
  summary.revision = standing.revision;
  summary.version = day_version(sum.version, summary.state, generation);
  if (previous && !counted) {
    summary.computed_at = previous->computed_at;
    if (summary == *previous) return std::move(summary);
  }
  summary.computed_at = time.now;
  KONOMI_CHECK_OK(summaries.put_day(summary));
  return std::move(summary);
}

}  // namespace konomi::aggregate
