#include "process/data_settings.h"

#include "adapters/memory/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::process {
namespace {

using testing::HasSubstr;

class DataSettingsTest : public testing::Test {
 protected:
  Result<void> check(std::uint32_t log_partitions = 1) {
    return check_data_settings(engine_.settings_store(), log_partitions, config_);
  }

  ManualClock clock_{Timestamp()};
  memory::MemoryEngine engine_{clock_};
  config::Config config_;
};

TEST_F(DataSettingsTest, TheFirstProcessWritesThemDown) {
  ASSERT_TRUE(check());
  const auto stored = engine_.settings_store().data_settings();
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->time_zone, "Asia/Tokyo");
  EXPECT_EQ((*stored)->bucket_count, kBucketCountDefault);
  EXPECT_TRUE(check());
}

TEST_F(DataSettingsTest, OthersThanTheDatasAreRefusedWithBoth) {
  ASSERT_TRUE(check());
  config_.time_zone = "UTC";
  const auto refused = check();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("was made with time_zone \"Asia/Tokyo\""));
  EXPECT_THAT(refused.error().message, HasSubstr("configuration says time_zone \"UTC\""));
}

TEST_F(DataSettingsTest, APartitionFeedsWholeBuckets) {
  const auto refused = check(5);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("bucket_count is 64, and the log has 5"));
}

}  // namespace
}  // namespace konomi::process
