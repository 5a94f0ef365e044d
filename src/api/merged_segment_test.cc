#include "api/merged_segment.h"

#include "adapters/memory/engine.h"
#include "base/clock.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr BucketCount kBuckets{4};
const MenuType kWashoku("washoku");

class MergedSegmentTest : public testing::Test {
 protected:
  // Into a bucket of the test's choice: the merge does not look at hashes.
  void put(const std::string& user, std::uint32_t bucket) {
    Preference preference{.menu_type = kWashoku, .orders = 1, .total_orders = 1};
    ASSERT_TRUE(engine_.preference_store()
                    .put_preferences({{.user_id = UserId(user),
                                       .bucket = Bucket(bucket),
                                       .current = preference,
                                       .version = Version(1)}})
                    .has_value());
  }

  std::vector<std::string> merged(std::size_t rows_per_fetch,
                                  const std::optional<UserId>& after = std::nullopt) {
    std::vector<std::string> users;
    auto segment =
        MergedSegment::open(engine_.preference_store(), kWashoku, kBuckets, after, rows_per_fetch);
    EXPECT_TRUE(segment.has_value());
    while (true) {
      const auto row = segment->next();
      EXPECT_TRUE(row.has_value());
      if (!row || *row == nullptr) return users;
      users.push_back((*row)->user_id.value());
    }
  }

  ManualClock clock_{Timestamp()};
  memory::MemoryEngine engine_{clock_};
};

TEST_F(MergedSegmentTest, OfNoUsersIsAtItsEndAndStaysThere) {
  EXPECT_THAT(merged(16), IsEmpty());
  auto segment = MergedSegment::open(engine_.preference_store(), kWashoku, kBuckets, {}, 16);
  EXPECT_EQ(*segment->next(), nullptr);
  EXPECT_EQ(*segment->next(), nullptr);
}

TEST_F(MergedSegmentTest, GivesEveryUserOnceByBytesHoweverTheBucketsAreFilled) {
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    // Bucket 3 stays empty, bucket 0 gets runs, bucket 1 and 2 alternate.
    const std::uint32_t bucket = i % 50 < 25 ? 0 : 1 + static_cast<std::uint32_t>(i % 2);
    expected.push_back(fmt::format("user-{:03}", i));
    put(expected.back(), bucket);
  }
  for (const std::size_t rows_per_fetch : {1U, 2U, 16U, 1000U}) {
    EXPECT_EQ(merged(rows_per_fetch), expected) << rows_per_fetch;
  }
}

TEST_F(MergedSegmentTest, OrdersBytesAboveAsciiAfterIt) {
  put("\xC3\xA9", 0);
  put("z", 1);
  put("Z", 2);
  EXPECT_THAT(merged(16), ElementsAre("Z", "z", "\xC3\xA9"));
}

TEST_F(MergedSegmentTest, BeginsAfterAUserWhetherItIsThereOrNot) {
  put("a", 0);
  put("b", 1);
  put("d", 2);
  EXPECT_THAT(merged(16, UserId("b")), ElementsAre("d"));
  EXPECT_THAT(merged(16, UserId("aa")), ElementsAre("b", "d"));
  EXPECT_THAT(merged(16, UserId("d")), IsEmpty());
}

TEST_F(MergedSegmentTest, HandsUpTheStoresErrors) {
  put("a", 0);
  put("b", 0);
  const memory::Fault fault{.error = {.code = ErrorCode::unavailable, .message = "away"}};
  engine_.fail_next("preference_store.segment", 1, fault);
  EXPECT_FALSE(
      MergedSegment::open(engine_.preference_store(), kWashoku, kBuckets, {}, 1).has_value());

  auto segment = MergedSegment::open(engine_.preference_store(), kWashoku, kBuckets, {}, 1);
  ASSERT_TRUE(segment->next().has_value());
  engine_.fail_next("cursor.next", 1, fault);
  const auto second = segment->next();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace konomi::api
