#include "domain/bucket.h"

#include <gtest/gtest.h>

namespace konomi {
namespace {

// The vectors of Apache Kafka's own UtilsTest.testMurmur2.
TEST(Bucket, HashesAsKafkaDoes) {
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
            -58897971);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("abc")), 479470107);
}

TEST(Bucket, ALogPartitionFeedsWholeBuckets) {
  for (int i = 0; i < 1000; ++i) {
    const UserId user("user" + std::to_string(i));
    EXPECT_EQ(bucket_of(user, BucketCount(64)).value() % 4,
              bucket_of(user, BucketCount(4)).value());
  }
}

}  // namespace
}  // namespace konomi
