#include "api/uncounted.h"

#include "adapters/memory/engine.h"
#include "base/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace konomi::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr BusinessDay kMonday = BusinessDay::from_days_since_1970(20'241);
constexpr BusinessDay kTuesday = BusinessDay::from_days_since_1970(20'242);
constexpr Bucket kBucket{3};

class UncountedTest : public testing::Test {
 protected:
  void store_up_to(std::uint32_t partition, std::uint64_t next_offset) {
    StoreBatch batch;
    batch.watermarks[LogPartition(partition)] = {.next_offset = LogOffset(next_offset)};
    ASSERT_TRUE(engine_.order_store().put(batch).has_value());
  }
  void count_up_to(std::map<LogPartition, LogOffset> next_offsets) {
    ASSERT_TRUE(
        engine_.summary_store()
            .put_progress(all_buckets(BucketCount(4)), {.next_offsets = std::move(next_offsets)})
            .has_value());
  }
  bool everything_counted() {
    return *everything_is_counted(engine_.order_store(), engine_.summary_store(), rules_,
                                  BucketCount(4));
  }

  void mark(BusinessDay day, std::uint32_t partition, std::uint64_t offset) {
    StoreBatch batch;
    batch.marks.push_back(
        {.day = day, .bucket = kBucket, .position = {LogPartition(partition), LogOffset(offset)}});
    ASSERT_TRUE(engine_.order_store().put(batch).has_value());
  }
  void count(BusinessDay day, Marks marks) {
    ASSERT_TRUE(engine_.summary_store()
                    .put_bucket_summary(day, kBucket, {.counted_up_to = std::move(marks)})
                    .has_value());
  }
  std::set<BusinessDay> dirty(Bucket bucket) {
    return *dirty_days(engine_.order_store(), engine_.summary_store(), rules_, summed_up_under_,
                       bucket);
  }

  ManualClock clock_{Timestamp()};
  memory::MemoryEngine engine_{clock_};
  CountingRules rules_;
  Generation summed_up_under_;
};

TEST_F(UncountedTest, NothingStoredIsEverythingCounted) {
  EXPECT_TRUE(everything_counted());
  store_up_to(0, 0);
  EXPECT_TRUE(everything_counted());
}

TEST_F(UncountedTest, EveryPartitionMustHaveBeenCounted) {
  store_up_to(0, 5);
  store_up_to(1, 3);
  EXPECT_FALSE(everything_counted());
  count_up_to({{LogPartition(0), LogOffset(5)}});
  EXPECT_FALSE(everything_counted());
  count_up_to({{LogPartition(0), LogOffset(5)}, {LogPartition(1), LogOffset(2)}});
  EXPECT_FALSE(everything_counted());
  count_up_to({{LogPartition(0), LogOffset(5)}, {LogPartition(1), LogOffset(3)}});
  EXPECT_TRUE(everything_counted());
}

TEST_F(UncountedTest, DayIsDirtyUntilEveryMarkIsCounted) {
  mark(kMonday, 0, 4);
  mark(kTuesday, 0, 5);
  EXPECT_THAT(dirty(kBucket), ElementsAre(kMonday, kTuesday));
  count(kMonday, {{LogPartition(0), LogOffset(4)}});
  EXPECT_THAT(dirty(kBucket), ElementsAre(kTuesday));
  mark(kMonday, 1, 0);
  EXPECT_THAT(dirty(kBucket), ElementsAre(kMonday, kTuesday));
  count(kMonday, {{LogPartition(0), LogOffset(4)}, {LogPartition(1), LogOffset(0)}});
  count(kTuesday, {{LogPartition(0), LogOffset(5)}});
  EXPECT_THAT(dirty(kBucket), IsEmpty());
}

TEST_F(UncountedTest, DaysOfAnotherBucketDoNotMatter) {
  mark(kMonday, 0, 4);
  EXPECT_THAT(dirty(Bucket(2)), IsEmpty());
}

TEST_F(UncountedTest, AHigherGenerationIsCountedWhenAPassWentThroughUnderIt) {
  store_up_to(0, 5);
  count_up_to({{LogPartition(0), LogOffset(5)}});
  EXPECT_TRUE(everything_counted());
  rules_.generation = Generation(1);
  EXPECT_FALSE(everything_counted());
}

TEST_F(UncountedTest, ADayThatWasCountedByOtherRulesIsDirty) {
  mark(kMonday, 0, 5);
  count(kMonday, {{LogPartition(0), LogOffset(5)}});
  EXPECT_THAT(dirty(kBucket), IsEmpty());
  rules_.generation = Generation(1);
  EXPECT_THAT(dirty(kBucket), IsEmpty()) << "a repair has its own days counted";
  rules_.counted_since = Generation(1);
  EXPECT_THAT(dirty(kBucket), ElementsAre(kMonday));
}

TEST_F(UncountedTest, ADayThatWasCountedAgainIsDirtyUntilItsPassHasGoneThrough) {
  mark(kMonday, 0, 5);
  rules_.generation = rules_.counted_since = Generation(1);
  ASSERT_TRUE(engine_.summary_store()
                  .put_bucket_summary(kMonday, kBucket,
                                      {.counted_up_to = {{LogPartition(0), LogOffset(5)}},
                                       .version = VersionSum().under(Generation(1))})
                  .has_value());
  EXPECT_THAT(dirty(kBucket), ElementsAre(kMonday)) << "it may not be summed up yet";
  summed_up_under_ = Generation(1);
  EXPECT_THAT(dirty(kBucket), IsEmpty());
}

}  // namespace
}  // namespace konomi::api
