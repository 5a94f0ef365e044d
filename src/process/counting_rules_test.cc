#include "process/counting_rules.h"

#include "adapters/memory/engine.h"

#include <gtest/gtest.h>

namespace konomi::process {
namespace {

class CountingRulesTest : public testing::Test {
 protected:
  void set(std::uint64_t min_orders) {
    config_.values.min_orders = min_orders;
    config_.origins["min_orders"] = "flag";
  }
  std::uint64_t agreed() {
    return agree_on_min_orders(engine_.settings_store(), config_).value_or(0);
  }
  Generation generation() {
    const auto rules = engine_.settings_store().counting_rules();
    return rules && *rules ? (*rules)->generation : Generation();
  }

  ManualClock clock_{Timestamp()};
  memory::MemoryEngine engine_{clock_};
  config::LoadedConfig config_;
};

TEST_F(CountingRulesTest, NotSetTheDatasOwnHolds) {
  EXPECT_EQ(agreed(), 1U);
  set(3);
  EXPECT_EQ(agreed(), 3U);
  config_ = {};
  EXPECT_EQ(agreed(), 3U);
}

TEST_F(CountingRulesTest, AnotherOneHasEverythingCountedAgain) {
  set(2);
  EXPECT_EQ(agreed(), 2U);
  const Generation first = generation();
  EXPECT_EQ(agreed(), 2U);
  EXPECT_EQ(generation(), first);
  set(4);
  EXPECT_EQ(agreed(), 4U);
  EXPECT_GT(generation(), first);
}

TEST_F(CountingRulesTest, OnlyTheRoleAggregateWritesThemDown) {
  set(5);
  config_.values.roles.aggregate = false;
  EXPECT_EQ(agreed(), 5U);
  const auto rules = engine_.settings_store().counting_rules();
  ASSERT_TRUE(rules);
  EXPECT_FALSE(*rules);
  config_.values.roles.aggregate = true;
  set(2);
  EXPECT_EQ(agreed(), 2U);
  config_.values.roles.aggregate = false;
  set(5);
  EXPECT_EQ(agreed(), 2U);
}

}  // namespace
}  // namespace konomi::process
