#include "adapters/kafka/topics.h"

#include "adapters/kafka/kafka_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::kafka {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KafkaTopicsTest : public KafkaTest {
 protected:
  static std::vector<std::string> settings_of(const std::vector<TopicDifference>& differences) {
    std::vector<std::string> settings;
    for (const TopicDifference& difference : differences) {
      const std::string which = difference.topic.ends_with(".dlq")       ? "dlq "
                                : difference.topic.ends_with(".history") ? "history "
                                                                         : "";
      settings.push_back(which + difference.setting);
    }
    return settings;
  }
};

TEST_F(KafkaTopicsTest, AreMadeAsKonomiNeedsThem) {
  KafkaOptions options = new_options();
  options.topic += "-new";
  const auto before = value_of(check_topics(options, {}));
  EXPECT_THAT(settings_of(before), ElementsAre("topic", "dlq topic", "history topic"));
  EXPECT_THAT(to_string(before[0]), HasSubstr("`konomi topics apply` makes it"));

  const auto applied = value_of(apply_topics(options, {}));
  EXPECT_THAT(applied.left, IsEmpty());
  EXPECT_THAT(applied.done,
              ElementsAre(AllOf(HasSubstr("made topic " + options.topic + ": 8 partitions"),
                                HasSubstr("message.timestamp.type=LogAppendTime")),
                          HasSubstr("made topic " + options.topic + ".dlq: "),
                          HasSubstr("made topic " + options.topic + ".dlq.history: ")));
  EXPECT_THAT(value_of(check_topics(options, {})), IsEmpty());
  EXPECT_EQ(value_of(topic_partitions(options)), kPartitionsDefault);
  EXPECT_THAT(value_of(apply_topics(options, {})).done, IsEmpty());
}

TEST_F(KafkaTopicsTest, WrongSettingsAreNamedAndMended) {
  KafkaOptions options = new_options();
  options.topic = administrator().new_topic(
      2, {{"cleanup.policy", "compact"}, {"retention.ms", "1000"}, {"segment.ms", "123456789"}});
  const auto before = value_of(check_topics(options, {}));
  EXPECT_THAT(settings_of(before),
              AllOf(Contains("cleanup.policy"), Contains("retention.ms"),
                    Contains("message.timestamp.type"), Contains("dlq retention.ms")));
  for (const TopicDifference& difference : before)
    EXPECT_THAT(difference.remedy, HasSubstr("`konomi topics apply`")) << to_string(difference);

  const auto applied = value_of(apply_topics(options, {}));
  EXPECT_THAT(applied.left, IsEmpty());
  EXPECT_THAT(applied.done,
              Contains("topic " + options.topic + ": cleanup.policy is now delete (was compact)"));
  EXPECT_THAT(value_of(check_topics(options, {})), IsEmpty());
  // What was set besides stays set.
  // A retention is kept to, and not longer.
  TopicOptions shorter;
  shorter.retention = 1h;
  EXPECT_THAT(settings_of(value_of(check_topics(options, shorter))), ElementsAre("retention.ms"));
  EXPECT_THAT(value_of(apply_topics(options, shorter)).done,
              ElementsAre("topic " + options.topic + ": retention.ms is now 3600000 (was -1)"));
  EXPECT_THAT(value_of(check_topics(options, shorter)), IsEmpty());
}

TEST_F(KafkaTopicsTest, ThePartitionsOfATopicAreNeverChanged) {
  const KafkaOptions options = new_options(2);
  TopicOptions wanted;
  wanted.partitions = 4;
  const auto applied = value_of(apply_topics(options, wanted));
  ASSERT_THAT(settings_of(applied.left), ElementsAre("partitions"));
  EXPECT_THAT(applied.left[0].remedy, HasSubstr("would go on in another partition"));
  EXPECT_EQ(value_of(topic_partitions(options)), 2U);
}

TEST_F(KafkaTopicsTest, WholeBucketsLieInAPartition) {
  const KafkaOptions options = new_options(3);
  const auto applied = value_of(apply_topics(options, {}));
  ASSERT_THAT(settings_of(applied.left), ElementsAre("partitions"));
  EXPECT_THAT(to_string(applied.left[0]), HasSubstr("a divisor of bucket_count, which is 64"));
  TopicOptions wanted;
  wanted.partitions = 3;
  EXPECT_EQ(apply_topics(options, wanted).error().code, ErrorCode::invalid_argument);
}

TEST_F(KafkaTopicsTest, TooFewReplicasAreNamed) {
  const KafkaOptions options = new_options();
  TopicOptions wanted;
  wanted.replication = 3;
  EXPECT_THAT(settings_of(value_of(check_topics(options, wanted))),
              AllOf(Contains("replication"), Contains("min.insync.replicas")));
}

}  // namespace
}  // namespace konomi::kafka
