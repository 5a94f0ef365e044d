#include "tests/contract/cluster_under_test.h"

#include "adapters/cassandra/schema.h"
#include "adapters/kafka/topics.h"
#include "tests/support/value_of.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

namespace konomi::contract {
namespace {

using support::fail_test;
using support::value_of;

constexpr const char* kTables[] = {"raw_orders",
                                   "day_marks",
                                   "watermarks",
                                   "user_order_counts",
                                   "user_preferences",
                                   "preference_by_user",
                                   "preference_changes",
                                   "daily_order_summaries",
                                   "days",
                                   "count_progress",
                                   "menu_types",
                                   "settings",
                                   "erasures"};

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) {
    fail_test({.message = fmt::format("{} is not set; scripts/with_stack.sh starts the servers, "
                                      "sets it and runs a command",
                                      name)});
  }
  return value;
}

cassandra::SchemaOptions schema() {
  cassandra::SchemaOptions options;
  options.keyspace = fmt::format("konomi_contract_{}", getpid());
  options.replication = 1;
  return options;
}

cassandra::CassandraOptions cassandra_options() {
  cassandra::CassandraOptions options{.keyspace = schema().keyspace};
  options.session.contact_points = from_environment("KONOMI_CASSANDRA_CONTACT_POINTS");
  return options;
}

kafka::KafkaOptions kafka_options(const std::string& topic) {
  kafka::KafkaOptions options;
  options.brokers = from_environment("KONOMI_KAFKA_BROKERS");
  options.topic = topic;
  options.group = topic;
  return options;
}

// The keyspace stays for the process: making one takes seconds, emptying it does not.
class Keyspace {
 public:
  Keyspace() {
    const auto options = cassandra_options();
    session_ = value_of(cassandra::Session::connect(options.session, options.keyspace));
    value_of(cassandra::schema_apply(*session_, schema()));
    for (const char* const table : kTables) {
      truncations_.push_back(
          value_of(session_->prepare(fmt::format("TRUNCATE {}.{}", options.keyspace, table))));
    }
  }

  void empty() {
    cassandra::Requests requests;
    for (const cassandra::Statement& truncation : truncations_) requests.add(truncation);
    value_of(session_->write(requests));
    value_of(cassandra::schema_apply(*session_, schema()));  // The catalogue of new stores.
  }

 private:
  std::unique_ptr<cassandra::Session> session_;
  std::vector<cassandra::Statement> truncations_;
};

std::string new_topic() {
  static std::atomic<int> topics = 0;
  const std::string topic = fmt::format("contract-{}-{}", getpid(), ++topics);
  kafka::TopicOptions wanted;
  wanted.partitions = 1;
  wanted.replication = 1;
  value_of(kafka::apply_topics(kafka_options(topic), wanted));
  return topic;
}

}  // namespace

ClusterUnderTest::ClusterUnderTest() : topic_(new_topic()) {
  static Keyspace keyspace;
  keyspace.empty();
  open();
}

void ClusterUnderTest::reopen() {
  log_.reset();
  stores_.reset();
  open();
}

void ClusterUnderTest::open() {
  stores_ = value_of(cassandra::CassandraEngine::open(cassandra_options()));
  log_ = value_of(kafka::KafkaEngine::open(kafka_options(topic_), clock_));
}

}  // namespace konomi::contract
