#include "api/merged_segment.h"

#include <utility>

namespace konomi::api {

Result<MergedSegment> MergedSegment::open(PreferenceStore& preferences, const MenuType& type,
                                          BucketCount buckets, const std::optional<UserId>& after,
                                          std::size_t rows_per_fetch) {
  MergedSegment merged(rows_per_fetch);
  KONOMI_CHECK_OK(merged.rows_.add_each(all_buckets(buckets), [&](Bucket bucket) {
    return preferences.segment(type, bucket, after);
  }));
  return merged;
}

}  // namespace konomi::api
