#include "api/uncounted.h"

namespace konomi::api {

Result<bool> everything_is_counted(OrderStore& orders, SummaryStore& summaries,
                                   const CountingRules& rules, BucketCount buckets) {
  // Counting is read first: what it has reached by now covers what is stored by then, or it does
  // not.
  KONOMI_TRY(const auto progress, summaries.progress(all_buckets(buckets)));
  KONOMI_TRY(const auto watermarks, orders.watermarks());
  if (progress && progress->generation < rules.generation) return false;
  for (const auto& [partition, watermark] : watermarks) {
    if (watermark.next_offset == LogOffset(0)) continue;
    if (!progress) return false;
    const auto counted = progress->next_offsets.find(partition);
    if (counted == progress->next_offsets.end() || counted->second < watermark.next_offset) {
      return false;
    }
  }
  return true;
}

Result<std::set<BusinessDay>> dirty_days(OrderStore& orders, SummaryStore& summaries,
                                         const CountingRules& rules, Generation summed_up_under,
                                         Bucket bucket) {
  KONOMI_TRY(const auto stored, orders.marks(bucket));
  KONOMI_TRY(const auto counted, summaries.counted_marks(bucket));
  std::set<BusinessDay> dirty;
  for (const auto& [day, marks] : stored) {
    const auto found = counted.find(day);
    if (found == counted.end() || is_dirty(marks, found->second.marks) ||
        found->second.generation < rules.counted_since ||
        found->second.generation > summed_up_under)
      dirty.insert(day);
  }
  return dirty;
}

}  // namespace konomi::api
