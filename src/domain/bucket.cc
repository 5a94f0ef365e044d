#include "domain/bucket.h"

namespace konomi {

// The 32-bit MurmurHash2 of Austin Appleby with the seed that Kafka fixed.
std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kRotation = 24;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };

  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t word = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> kRotation;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  const std::size_t rest = bytes.size() - i;
  if (rest >= 3) hash ^= byte(i + 2) << 16;
  if (rest >= 2) hash ^= byte(i + 1) << 8;
  if (rest >= 1) {
    hash ^= byte(i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

Bucket bucket_of(const UserId& user_id, BucketCount count) {
  return Bucket((murmur2(user_id.value()) & 0x7fffffff) % count.value());
}

std::vector<Bucket> all_buckets(BucketCount count) {
  return buckets_of(Shard{}, count);
}

std::vector<Bucket> buckets_of(Shard shard, BucketCount count) {
  std::vector<Bucket> buckets;
  for (std::uint32_t i = 0; i < count.value(); ++i) {
    if (shard.holds(Bucket(i))) buckets.emplace_back(i);
  }
  return buckets;
}

}  // namespace konomi
