#include "adapters/kafka/topics.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/offsets.h"
#include "adapters/kafka/status.h"
#include "base/wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

namespace konomi::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint32_t kReplicationDefault = 3;
constexpr milliseconds kLookAgain{50};  // Brokers learn of a change one after the other.

constexpr std::string_view kApply = "`konomi topics apply` sets it";

// One of Kafka's settings of a topic, as konomi needs it.
struct Wanted {
  std::string name;
  std::string value;
  std::function<bool(const std::string& found)> is_right;
};

struct WantedTopic {
  std::string name;
  std::uint32_t partitions = 0;  // When it is made.
  std::uint32_t replication = 0;
  std::vector<Wanted> settings;
};

// A topic as it is.
struct FoundTopic {
  std::uint32_t partitions = 0;
  std::uint32_t replication = 0;                // Of the partition that has the fewest.
  std::map<std::string, std::string> settings;  // All, as they are in force.
  std::map<std::string, std::string> own;       // Those that were set for this topic.
};

Wanted exactly(std::string name, std::string value) {
  return {std::move(name), value, [value](const std::string& found) { return found == value; }};
}

Wanted at_least(std::string name, std::int64_t value) {
  return {std::move(name), std::to_string(value),
          [value](const std::string& found) { return number_in(found).value_or(0) >= value; }};
}

// What every topic needs. A compacted topic would lose all orders of a user but the last.
std::vector<Wanted> common_settings(std::uint32_t replication, std::int64_t message_bytes_max) {
  return {exactly("cleanup.policy", "delete"), exactly("retention.bytes", "-1"),
          at_least("max.message.bytes", message_bytes_max),
          at_least("min.insync.replicas", replication / 2 + 1),
          exactly("unclean.leader.election.enable", "false")};
}

std::vector<WantedTopic> wanted_topics(const KafkaOptions& options, const TopicOptions& wanted,
                                       std::uint32_t brokers) {
  const std::uint32_t replication =
      wanted.replication != 0 ? wanted.replication : std::min(kReplicationDefault, brokers);
  const std::uint32_t partitions = wanted.partitions.value_or(kPartitionsDefault);
  WantedTopic orders{.name = options.topic,
                     .partitions = partitions,
                     .replication = replication,
                     .settings = common_settings(replication, wanted.message_bytes_max)};
  // Not longer, either: it is how long guests' orders may lie there.
  orders.settings.push_back(exactly(
      "retention.ms", std::to_string(std::max<std::int64_t>(wanted.retention.count(), -1))));
  orders.settings.push_back(exactly("message.timestamp.type", "LogAppendTime"));
  WantedTopic letters{
      .name = dead_letter_topic(options),
      .partitions = partitions,
      .replication = replication,
      // A record as it was, and why it is dead.
      .settings = common_settings(replication, std::int64_t{2} * wanted.message_bytes_max)};
  letters.settings.push_back(exactly("retention.ms", "-1"));
  WantedTopic histories = letters;
  histories.name = letter_history_topic(options);
  return {std::move(orders), std::move(letters), std::move(histories)};
}

// An answer to an administrator's request.
Result<EventHandle> wait_for(const QueueHandle& queue, milliseconds timeout,
                             std::string_view what) {
  EventHandle event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (!event) return std::unexpected(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, what));
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(error_of(code, what, rd_kafka_event_error_string(event.get())));
  return event;
}

AdminOptionsHandle admin_options(rd_kafka_t* client, rd_kafka_admin_op_t operation,
                                 milliseconds timeout) {
  AdminOptionsHandle options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, kErrorTextBytes> ignored{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                            ignored.data(), ignored.size());
  return options;
}

// The cluster, seen by an administrator.
class Cluster {
 public:
  Cluster(rd_kafka_t* client, milliseconds timeout)
      : client_(client), timeout_(timeout), answers_(rd_kafka_queue_new(client)) {}

  Result<std::uint32_t> count_brokers() {
    KONOMI_TRY(const MetadataHandle metadata, read_metadata("the brokers", nullptr));
    return static_cast<std::uint32_t>(metadata->broker_cnt);
  }

  // Nothing when there is no such topic.
  Result<std::optional<FoundTopic>> find(const std::string& name) {
    const TopicHandle topic(rd_kafka_topic_new(client_, name.c_str(), nullptr));
    KONOMI_TRY(const MetadataHandle metadata, read_metadata("topic " + name, topic.get()));
    const rd_kafka_metadata_topic& read = metadata->topics[0];
    if (read.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::optional<FoundTopic>();
    if (read.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return std::unexpected(error_of(read.err, fmt::format("cannot read topic {}", name)));
    FoundTopic found;
    found.partitions = static_cast<std::uint32_t>(read.partition_cnt);
    for (int i = 0; i < read.partition_cnt; ++i) {
      const auto replicas = static_cast<std::uint32_t>(read.partitions[i].replica_cnt);
      found.replication = i == 0 ? replicas : std::min(found.replication, replicas);
    }
    KONOMI_CHECK_OK(wait_for_settings(name, found));
    return std::optional(std::move(found));
  }

  Result<void> create(const WantedTopic& wanted) {
    std::array<char, kErrorTextBytes> message{};
    const NewTopicHandle topic(rd_kafka_NewTopic_new(
        wanted.name.c_str(), static_cast<int>(wanted.partitions),
        static_cast<int>(wanted.replication), message.data(), message.size()));
    if (!topic) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("cannot make topic {}: {}", wanted.name, message.data()));
    }
    for (const Wanted& setting : wanted.settings)
      rd_kafka_NewTopic_set_config(topic.get(), setting.name.c_str(), setting.value.c_str());
    const auto options = admin_options(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_);
    rd_kafka_NewTopic_t* topics = topic.get();
    rd_kafka_CreateTopics(client_, &topics, 1, options.get(), answers_.get());
    const std::string what = fmt::format("cannot make topic {}", wanted.name);
    KONOMI_TRY(const EventHandle event, wait_for(answers_, 2 * timeout_, what));
    std::size_t count = 0;
    const rd_kafka_topic_result_t* const* results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[0]);
    // Somebody else was faster.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      return {};
    return std::unexpected(error_of(code, what, rd_kafka_topic_result_error_string(results[0])));
  }

  // Makes `settings` all that is set for the topic.
  Result<void> alter(const std::string& name, const std::map<std::string, std::string>& settings) {
    const ConfigResourceHandle resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    for (const auto& [setting, value] : settings)
      rd_kafka_ConfigResource_set_config(resource.get(), setting.c_str(), value.c_str());
    const auto options = admin_options(client_, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, timeout_);
    rd_kafka_ConfigResource_t* resources = resource.get();
    rd_kafka_AlterConfigs(client_, &resources, 1, options.get(), answers_.get());
    const std::string what = fmt::format("cannot change the settings of topic {}", name);
    KONOMI_TRY(const EventHandle event, wait_for(answers_, 2 * timeout_, what));
    std::size_t count = 0;
    const rd_kafka_ConfigResource_t* const* results = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event.get()), &count);
    const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(results[0]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return std::unexpected(error_of(code, what, rd_kafka_ConfigResource_error_string(results[0])));
  }

 private:
  Result<MetadataHandle> read_metadata(const std::string& what, rd_kafka_topic_t* topic) {
    const struct rd_kafka_metadata* read = nullptr;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(client_, 0, topic, &read, static_cast<int>(timeout_.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return std::unexpected(error_of(code, fmt::format("cannot read {}", what)));
    MetadataHandle metadata(read);
    if (topic != nullptr && metadata->topic_cnt != 1) {
      return std::unexpected(
          error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, fmt::format("cannot read {}", what)));
    }
    return metadata;
  }

  // The broker that is asked may be one that has not learnt of a new topic yet.
  Result<void> wait_for_settings(const std::string& name, FoundTopic& found) {
    const auto until = steady_clock::now() + timeout_;
    for (;;) {
      KONOMI_TRY(const bool is_known, read_settings(name, found));
      if (is_known) return {};
      if (steady_clock::now() >= until) {
        return std::unexpected(error_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                                        fmt::format("cannot read the settings of topic {}", name)));
      }
      wait_or_stop({}, kLookAgain);
    }
  }

  // Whether the broker that was asked knows the topic.
  Result<bool> read_settings(const std::string& name, FoundTopic& found) {
    const ConfigResourceHandle resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    const auto options = admin_options(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_);
    rd_kafka_ConfigResource_t* resources = resource.get();
    rd_kafka_DescribeConfigs(client_, &resources, 1, options.get(), answers_.get());
    const std::string what = fmt::format("cannot read the settings of topic {}", name);
    KONOMI_TRY(const EventHandle event, wait_for(answers_, 2 * timeout_, what));
    std::size_t count = 0;
    const rd_kafka_ConfigResource_t* const* results = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(results[0]);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return false;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return std::unexpected(
          error_of(code, what, rd_kafka_ConfigResource_error_string(results[0])));
    }
    const rd_kafka_ConfigEntry_t* const* entries =
        rd_kafka_ConfigResource_configs(results[0], &count);
    for (std::size_t i = 0; i < count; ++i) {
      const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
      if (value == nullptr) continue;
      found.settings[rd_kafka_ConfigEntry_name(entries[i])] = value;
      if (rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
        found.own[rd_kafka_ConfigEntry_name(entries[i])] = value;
    }
    return true;
  }

  rd_kafka_t* const client_;
  const milliseconds timeout_;
  const QueueHandle answers_;
};

TopicDifference missing(const WantedTopic& wanted) {
  return {.topic = wanted.name,
          .setting = "topic",
          .expected = fmt::format("{} partitions", wanted.partitions),
          .found = "no such topic",
          .remedy = "`konomi topics apply` makes it"};
}

void compare_partitions(const std::string& topic, std::uint32_t found, const TopicOptions& wanted,
                        std::vector<TopicDifference>& differences) {
  if (wanted.partitions && *wanted.partitions != found) {
    differences.push_back(
        {.topic = topic,
         .setting = "partitions",
         .expected = std::to_string(*wanted.partitions),
         .found = std::to_string(found),
         .remedy = "set the number to what is there: with another one a user's orders would go on "
                   "in another partition, and count twice or out of order; another number needs a "
                   "new topic and keyspace (`konomi export orders`, then `konomi import`)"});
  }
  if (found != 0 && wanted.bucket_count.value() % found != 0) {
    differences.push_back(
        {.topic = topic,
         .setting = "partitions",
         .expected =
             fmt::format("a divisor of bucket_count, which is {}", wanted.bucket_count.value()),
         .found = std::to_string(found),
         .remedy = "name a topic that `konomi topics apply` makes, or begin new stores with a "
                   "bucket_count that is a multiple"});
  }
}

std::vector<TopicDifference> compare(const WantedTopic& wanted, const FoundTopic& found) {
  std::vector<TopicDifference> differences;
  if (found.replication < wanted.replication) {
    differences.push_back({.topic = wanted.name,
                           .setting = "replication",
                           .expected = std::to_string(wanted.replication),
                           .found = std::to_string(found.replication),
                           .remedy = "add replicas with Kafka's kafka-reassign-partitions, or set "
                                     "the replication to what is there"});
  }
  for (const Wanted& setting : wanted.settings) {
    const auto value = found.settings.find(setting.name);
    const std::string is = value == found.settings.end() ? "" : value->second;
    if (setting.is_right(is)) continue;
    differences.push_back({.topic = wanted.name,
                           .setting = setting.name,
                           .expected = setting.value,
                           .found = is,
                           .remedy = std::string(kApply)});
  }
  return differences;
}

struct Inspection {
  std::vector<WantedTopic> wanted;
  std::vector<std::optional<FoundTopic>> found;  // In the order of `wanted`.
  std::vector<TopicDifference> differences;
};

Result<Inspection> inspect(Cluster& cluster, const KafkaOptions& options,
                           const TopicOptions& wanted) {
  Inspection inspection;
  KONOMI_TRY(const std::uint32_t brokers, cluster.count_brokers());
  inspection.wanted = wanted_topics(options, wanted, brokers);
  for (const WantedTopic& topic : inspection.wanted) {
    KONOMI_TRY(auto found, cluster.find(topic.name));
    if (!found) {
      inspection.differences.push_back(missing(topic));
    } else {
      if (topic.name == options.topic)
        compare_partitions(topic.name, found->partitions, wanted, inspection.differences);
      std::ranges::move(compare(topic, *found), std::back_inserter(inspection.differences));
    }
    inspection.found.push_back(std::move(found));
  }
  return inspection;
}

bool is_mended_by_apply(const TopicDifference& difference) {
  return difference.setting != "partitions" && difference.setting != "replication";
}

Result<void> mend(Cluster& cluster, const Inspection& inspection, std::size_t at,
                  std::vector<std::string>& done) {
  const WantedTopic& wanted = inspection.wanted[at];
  if (!inspection.found[at]) {
    KONOMI_CHECK_OK(cluster.create(wanted));
    std::string settings;
    for (const Wanted& setting : wanted.settings)
      settings += fmt::format(", {}={}", setting.name, setting.value);
    done.push_back(fmt::format("made topic {}: {} partitions, {} replicas{}", wanted.name,
                               wanted.partitions, wanted.replication, settings));
    return {};
  }
  // Kafka's call replaces everything that was set for a topic.
  std::map<std::string, std::string> settings = inspection.found[at]->own;
  std::vector<std::string> sentences;
  for (const TopicDifference& difference : inspection.differences) {
    if (difference.topic != wanted.name || !is_mended_by_apply(difference)) continue;
    settings[difference.setting] = difference.expected;
    sentences.push_back(fmt::format("topic {}: {} is now {} (was {})", wanted.name,
                                    difference.setting, difference.expected, difference.found));
  }
  if (sentences.empty()) return {};
  KONOMI_CHECK_OK(cluster.alter(wanted.name, settings));
  std::ranges::move(sentences, std::back_inserter(done));
  return {};
}

Result<void> check_wishes(const TopicOptions& wanted) {
  const std::uint32_t partitions = wanted.partitions.value_or(kPartitionsDefault);
  if (partitions != 0 && wanted.bucket_count.value() % partitions == 0) return {};
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("{} partitions do not divide bucket_count = {}; choose a divisor, so that "
                  "each partition feeds whole buckets",
                  partitions, wanted.bucket_count.value()));
}

Result<std::unique_ptr<Client>> open_client(const KafkaOptions& options) {
  KONOMI_TRY(ConfHandle conf, make_conf(options, ClientKind::inspector));
  return Client::open(std::move(conf), ClientKind::inspector);
}

}  // namespace

std::string to_string(const TopicDifference& difference) {
  return fmt::format("topic {}: {} is \"{}\"; expected \"{}\": {}", difference.topic,
                     difference.setting, difference.found, difference.expected, difference.remedy);
}

Result<std::vector<TopicDifference>> check_topics(const KafkaOptions& options,
                                                  const TopicOptions& wanted) {
  KONOMI_TRY(const auto client, open_client(options));
  Cluster cluster(client->handle(), options.query_timeout);
  KONOMI_TRY(Inspection inspection, inspect(cluster, options, wanted));
  return std::move(inspection.differences);
}

Result<AppliedTopics> apply_topics(const KafkaOptions& options, const TopicOptions& wanted) {
  KONOMI_CHECK_OK(check_wishes(wanted));
  KONOMI_TRY(const auto client, open_client(options));
  Cluster cluster(client->handle(), options.query_timeout);
  KONOMI_TRY(Inspection inspection, inspect(cluster, options, wanted));
  AppliedTopics applied;
  for (std::size_t at = 0; at < inspection.wanted.size(); ++at)
    KONOMI_CHECK_OK(mend(cluster, inspection, at, applied.done));
  // Until the brokers show it, or do not in time.
  const auto until = steady_clock::now() + options.query_timeout;
  while (std::ranges::any_of(inspection.differences, is_mended_by_apply) &&
         steady_clock::now() < until) {
    KONOMI_TRY(inspection, inspect(cluster, options, wanted));
    if (std::ranges::any_of(inspection.differences, is_mended_by_apply))
      wait_or_stop({}, kLookAgain);
  }
  applied.left = std::move(inspection.differences);
  return applied;
}

Result<std::uint32_t> topic_partitions(const KafkaOptions& options) {
  KONOMI_TRY(const auto client, open_client(options));
  return count_partitions(client->handle(), options.topic, options.query_timeout);
}

}  // namespace konomi::kafka
