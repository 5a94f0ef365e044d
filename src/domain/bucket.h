#pragma once

#include "base/strong.h"
#include "domain/ids.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace konomi {

// The unit of parallel work and the partition of every big table: a fixed share of the users.
using Bucket = Strong<struct BucketTag, std::uint32_t>;
// Fixed when the stores are made.
using BucketCount = Strong<struct BucketCountTag, std::uint32_t>;

inline constexpr BucketCount kBucketCountDefault{64};

// Kafka's own hash (org.apache.kafka.common.utils.Utils.murmur2), so that a log partition feeds
// whole buckets.
std::uint32_t murmur2(std::string_view bytes);

// (murmur2(user_id) & 0x7fffffff) mod count (docs/design.md#bucket).
Bucket bucket_of(const UserId& user_id, BucketCount count);

std::vector<Bucket> all_buckets(BucketCount count);

// Every n-th bucket: what one of several workers takes of a day.
struct Shard {
  std::uint32_t index = 0;  // Below `count`.
  std::uint32_t count = 1;

  bool holds(Bucket bucket) const { return bucket.value() % count == index; }
  friend bool operator==(const Shard&, const Shard&) = default;
};
std::vector<Bucket> buckets_of(Shard shard, BucketCount count);

}  // namespace konomi
