#include "verify/settled.h"

#include <algorithm>

namespace konomi::verify {
namespace {

template <class Map>
const typename Map::mapped_type* find_in(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

// Against the way of an order, so that what is said to be counted is among what is stored.
Result<BucketMoment> BucketMoment::read(const VerifyPorts& ports, const VerifyOptions& options,
                                        Bucket bucket) {
  BucketMoment moment;
  moment.partition_ = LogPartition(bucket.value() % options.log_partitions);
  KONOMI_TRY(moment.progress_, ports.summaries.progress({&bucket, 1}));
  KONOMI_TRY(moment.counted_, ports.summaries.counted_marks(bucket));
  KONOMI_TRY(moment.stored_, ports.orders.marks(bucket));
  KONOMI_TRY(moment.rules_, counting_rules(ports, options));
  return moment;
}

bool BucketMoment::awaits_count(BusinessDay day) const {
  if (progress_ && progress_->generation < rules_.generation) return true;
  const Marks* const stored = find_in(stored_, day);
  if (stored == nullptr) return false;
  const CountedMarks* const counted = find_in(counted_, day);
  return std::ranges::any_of(*stored, [&](const auto& mark) {
    const auto& [partition, offset] = mark;
    const LogOffset* const up_to =
        counted == nullptr ? nullptr : find_in(counted->marks, partition);
    const bool seen = up_to != nullptr && offset <= *up_to;
    return !seen && is_after_last_pass(LogPosition{partition, offset});
  });
}

bool BucketMoment::is_after_last_pass(LogPosition position) const {
  if (!progress_) return true;
  const LogOffset* const next = find_in(progress_->next_offsets, position.partition);
  return next == nullptr || position.offset >= *next;
}

bool BucketMoment::is_after_last_pass(Version order) const {
  return is_after_last_pass(LogPosition{partition_, LogOffset(order.value())});
}

bool BucketMoment::agrees_with(const BucketMoment& other, BusinessDay day) const {
  const auto same = [&](const auto& ours, const auto& theirs) {
    const auto* const a = find_in(ours, day);
    const auto* const b = find_in(theirs, day);
    return a == nullptr || b == nullptr ? a == b : *a == *b;
  };
  return same(stored_, other.stored_) && same(counted_, other.counted_) && rules_ == other.rules_;
}

}  // namespace konomi::verify
