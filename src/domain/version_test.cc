#include "domain/version.h"

#include "domain/counting_rules.h"

#include <gtest/gtest.h>

#include <limits>

namespace konomi {
namespace {

Version version(std::uint64_t sum, std::uint32_t generation) {
  VersionSum parts;
  parts.add(sum);
  return parts.under(Generation(generation));
}

TEST(VersionSum, IsTheSumInTheFirstGeneration) {
  VersionSum sum;
  sum.add(Version(3));
  sum.add(LogOffset(4));
  EXPECT_EQ(sum.under(Generation(0)), Version(7));
  EXPECT_EQ(generation_of(Version(7)), Generation(0));
}

TEST(VersionSum, AHigherGenerationWinsOverEverySum) {
  EXPECT_LT(version(kVersionSumMax, 0), version(0, 1));
  EXPECT_LT(version(kVersionSumMax, 254), version(0, 255));
  EXPECT_EQ(generation_of(version(kVersionSumMax, 254)), Generation(254));
}

TEST(VersionSum, IsATimestampThatCassandraTakes) {
  EXPECT_LE(version(kVersionSumMax, kGenerationMax.value()).value(),
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
}

TEST(VersionSum, APartOfAHigherGenerationRaisesTheWhole) {
  VersionSum before;
  before.add(version(10, 1));
  before.add(version(20, 1));
  VersionSum after;
  after.add(version(10, 1));
  after.add(version(20, 2));
  EXPECT_LT(before.under(Generation(2)), after.under(Generation(2)));
}

TEST(VersionSum, StaysBelowTheNextGenerationWhateverIsAdded) {
  VersionSum sum;
  for (int i = 0; i < 1000; ++i) sum.add(Version(kVersionSumMax));
  EXPECT_LT(sum.under(Generation(0)), version(0, 1));
}

TEST(CountingRules, ARepairLeavesWhatIsCountedAsItIs) {
  const CountingRules rules{.generation = Generation(3), .counted_since = Generation(2)};
  const auto next = raised(rules);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->generation, Generation(4));
  EXPECT_EQ(next->counted_since, Generation(2));
}

TEST(CountingRules, OtherRulesHaveEverythingCountedAgain) {
  const auto next = raised(CountingRules{}, PreferenceRules{.min_orders = 3});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->generation, Generation(1));
  EXPECT_EQ(next->counted_since, Generation(1));
  EXPECT_EQ(next->preference.min_orders, 3U);
}

TEST(CountingRules, EndAtTheLastGeneration) {
  const auto next = raised(CountingRules{.generation = kGenerationMax});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace konomi
