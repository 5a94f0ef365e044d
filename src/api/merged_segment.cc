#include "api/merged_segment.h"

#include <utility>

namespace konomi::api {

Result<MergedSegment> MergedSegment::open(PreferenceStore& preferences, const MenuType& type,
                                          BucketCount buckets, const std::optional<UserId>& after,
                                          std::size_t rows_per_fetch) {
  MergedSegment merged(rows_per_fetch);
  for (const Bucket bucket : all_buckets(buckets)) {
    KONOMI_TRY(auto cursor, preferences.segment(type, bucket, after));
    KONOMI_CHECK_OK(merged.rows_.add(std::move(cursor)));
  }
  return merged;
}

}  // namespace konomi::api
