#pragma once

#include "adapters/kafka/options.h"
#include "base/result.h"
#include "domain/bucket.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace konomi::kafka {

// How a new order topic is cut. Few partitions make large batches, many let many konomis consume;
// librdkafka sends a request for each partition, so with the same load more partitions cost ingest.
inline constexpr std::uint32_t kPartitionsDefault = 8;

// What konomi needs of its topics: the orders', the dead letters', and that of their histories.
struct TopicOptions {
  // Nothing: a topic that is there is right as long as whole buckets lie in each partition, and a
  // new one gets kPartitionsDefault.
  std::optional<std::uint32_t> partitions;
  std::uint32_t replication = 0;            // Copies of each record. 0: three, or one each broker.
  std::chrono::milliseconds retention{-1};  // So long orders stay; negative: for ever.
  std::uint32_t message_bytes_max = std::uint32_t{1}
                                    << 20;         // At least; dead letters twice as much.
  BucketCount bucket_count = kBucketCountDefault;  // A multiple of the partitions.
};

// A topic that is not as konomi needs it.
struct TopicDifference {
  std::string topic;
  std::string setting;  // Of Kafka, or "topic", "partitions", "replication".
  std::string expected;
  std::string found;
  std::string remedy;  // The command that mends it.
};

// "topic order-logs: cleanup.policy is "compact"; expected "delete": `konomi topics apply` sets it"
std::string to_string(const TopicDifference& difference);

// Every difference; none when konomi can start. `unavailable`, `timed_out`: the brokers do not
// answer. Blocking.
//
// The order topic takes the brokers' time as log time (LogAppendTime), not the producers': one
// wrong clock in one process must not make a day look complete. The brokers' clocks may differ a
// little when a partition gets another leader; the reader evens that out, so that log times never
// go back.
Result<std::vector<TopicDifference>> check_topics(const KafkaOptions& options,
                                                  const TopicOptions& wanted);

struct AppliedTopics {
  std::vector<std::string> done;      // What was made or changed, a sentence each.
  std::vector<TopicDifference> left;  // What no command of konomi's may change.
};

// Makes missing topics and sets wrong settings; other settings stay as they are. The number of
// partitions and of replicas of a topic that is there is never changed: with another number of
// partitions a user's orders would go on in another partition than before, and replicas are moved
// by Kafka's own tools. Doing it again changes nothing.
Result<AppliedTopics> apply_topics(const KafkaOptions& options, const TopicOptions& wanted);

// How many partitions the order topic has. `unavailable` when it is not there.
Result<std::uint32_t> topic_partitions(const KafkaOptions& options);

}  // namespace konomi::kafka
