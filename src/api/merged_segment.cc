#include "api/merged_segment.h"

#include <algorithm>
#include <utility>

namespace konomi::api {

bool MergedSegment::comes_later(const Source& a, const Source& b) {
  return a.rows[a.next_row].user_id > b.rows[b.next_row].user_id;
}

Result<MergedSegment> MergedSegment::open(PreferenceStore& preferences, const MenuType& type,
                                          BucketCount buckets, const std::optional<UserId>& after,
                                          std::size_t rows_per_fetch) {
  MergedSegment merged(rows_per_fetch);
  merged.heap_.reserve(buckets.value());
  for (std::uint32_t bucket = 0; bucket < buckets.value(); ++bucket) {
    KONOMI_TRY(auto cursor, preferences.segment(type, Bucket(bucket), after));
    KONOMI_CHECK_OK(merged.push({.cursor = std::move(cursor)}));
  }
  return merged;
}

Result<const UserPreference*> MergedSegment::next() {
  if (given_) {
    Source source = *std::exchange(given_, std::nullopt);
    ++source.next_row;
    KONOMI_CHECK_OK(push(std::move(source)));
  }
  if (heap_.empty()) return nullptr;
  std::ranges::pop_heap(heap_, &comes_later);
  given_ = std::move(heap_.back());
  heap_.pop_back();
  return &given_->rows[given_->next_row];
}

Result<void> MergedSegment::push(Source source) {
  if (source.next_row == source.rows.size()) {
    KONOMI_CHECK_OK(source.cursor->next(source.rows, rows_per_fetch_));
    source.next_row = 0;
    if (source.rows.empty()) return {};
  }
  heap_.push_back(std::move(source));
  std::ranges::push_heap(heap_, &comes_later);
  return {};
}

}  // namespace konomi::api
