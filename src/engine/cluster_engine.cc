#include "adapters/cassandra/engine.h"
#include "adapters/cassandra/schema.h"
#include "adapters/kafka/engine.h"
#include "adapters/kafka/topics.h"
#include "engine/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace konomi::engine {
namespace {

Result<std::string> read_password(const std::filesystem::path& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string password;
  if (!std::getline(file, password)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("cassandra_password_file {} cannot be read or is empty; expected a "
                            "file whose first line is the password",
                            path.string()));
  }
  return password;
}

Result<cassandra::SessionOptions> session_options(const config::Config& config) {
  cassandra::SessionOptions options;
  options.contact_points = config.cassandra_contact_points;
  options.local_datacenter = config.cassandra_local_datacenter;
  options.consistency = config.cassandra_consistency;
  options.user = config.cassandra_user;
  KONOMI_TRY(options.password, read_password(config.cassandra_password_file));
  options.use_tls = !config.cassandra_ca_file.empty();
  options.tls_ca_file = config.cassandra_ca_file.string();
  options.tls_certificate_file = config.cassandra_cert_file.string();
  options.tls_key_file = config.cassandra_key_file.string();
  options.request_timeout = config.cassandra_request_timeout;
  return options;
}

Result<cassandra::SchemaOptions> schema_options(const config::Config& config) {
  cassandra::SchemaOptions options;
  options.keyspace = config.cassandra_keyspace;
  KONOMI_CHECK_OK(cassandra::parse_replication(config.cassandra_replication, options));
  return options;
}

kafka::KafkaOptions kafka_options(const config::Config& config) {
  kafka::KafkaOptions options;
  options.brokers = config.kafka_brokers;
  options.topic = config.kafka_topic;
  options.group = config.kafka_group;
  options.settings = config.kafka_options;
  options.order_limits.ahead_max = config.order_ahead_max;
  options.log_limits.orders_in_flight_max = config.orders_in_flight_max;
  return options;
}

kafka::TopicOptions topic_options(const config::Config& config) {
  kafka::TopicOptions options;
  options.partitions = static_cast<std::uint32_t>(config.kafka_partitions);
  options.replication = static_cast<std::uint32_t>(config.kafka_replication);
  options.bucket_count = BucketCount(static_cast<std::uint32_t>(config.bucket_count));
  if (config.retention_log.count() > 0) options.retention = config.retention_log;
  return options;
}

Cluster::Lines lines_of(const std::vector<kafka::TopicDifference>& differences) {
  Cluster::Lines lines;
  for (const kafka::TopicDifference& difference : differences)
    lines.push_back(kafka::to_string(difference));
  return lines;
}

Ports ports_of(cassandra::CassandraEngine& stores, kafka::KafkaEngine& log) {
  return {.order_log = log.order_log(),
          .order_store = stores.order_store(),
          .summary_store = stores.summary_store(),
          .preference_store = stores.preference_store(),
          .settings_store = stores.settings_store(),
          .dead_letters = log.dead_letters()};
}

class ClusterEngine final : public Engine {
 public:
  ClusterEngine(std::unique_ptr<cassandra::CassandraEngine> stores,
                std::unique_ptr<kafka::KafkaEngine> log, std::uint32_t partitions)
      : Engine(ports_of(*stores, *log), nullptr, partitions),
        stores_(std::move(stores)),
        log_(std::move(log)) {}

  Result<std::unique_ptr<OrderLogReader>> open_reader() override {
    return log_->open_reader(stores_->order_store());
  }
  void collect(Samples& samples) const override {
    log_->collect(samples);
    stores_->collect(samples);
  }
  void close() override { log_->close(); }

 private:
  const std::unique_ptr<cassandra::CassandraEngine> stores_;
  const std::unique_ptr<kafka::KafkaEngine> log_;  // Its readers use the stores.
};

Result<Cluster::Lines> check_topics(const config::Config& config) {
  kafka::TopicOptions wanted = topic_options(config);
  // What is there is right as long as whole buckets lie in each partition.
  wanted.partitions.reset();
  KONOMI_TRY(const auto differences, kafka::check_topics(kafka_options(config), wanted));
  return lines_of(differences);
}

Result<std::unique_ptr<Engine>> open_cluster(const config::Config& config, const Clock& clock,
                                             OpenOptions options) {
  KONOMI_TRY(const auto problems, check_topics(config));
  if (!problems.empty()) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}", fmt::join(problems, "; ")));
  }
  kafka::KafkaOptions log_options = kafka_options(config);
  log_options.traces = options.traces;
  KONOMI_TRY(auto log, kafka::KafkaEngine::open(std::move(log_options), clock));
  KONOMI_TRY(const std::uint32_t partitions, log->partitions());
  cassandra::CassandraOptions store_options{.keyspace = config.cassandra_keyspace};
  KONOMI_TRY(store_options.session, session_options(config));
  KONOMI_TRY(auto stores, cassandra::CassandraEngine::open(store_options));
  if (config.roles.ingest) KONOMI_CHECK_OK(log->open_order_log());
  return std::make_unique<ClusterEngine>(std::move(stores), std::move(log), partitions);
}

Result<Cluster::Lines> apply_topics(const config::Config& config) {
  KONOMI_TRY(auto applied, kafka::apply_topics(kafka_options(config), topic_options(config)));
  std::ranges::move(lines_of(applied.left), std::back_inserter(applied.done));
  return std::move(applied.done);
}

Result<std::string> print_schema(const config::Config& config) {
  KONOMI_TRY(const auto options, schema_options(config));
  return cassandra::schema_print(options);
}

Result<Cluster::Lines> apply_schema(const config::Config& config) {
  KONOMI_TRY(const auto options, schema_options(config));
  KONOMI_TRY(const auto session_config, session_options(config));
  KONOMI_TRY(const auto session, cassandra::Session::connect(session_config, options.keyspace));
  return cassandra::schema_apply(*session, options);
}

}  // namespace

Result<Cluster> cluster() {
  return Cluster{.open = &open_cluster,
                 .check_topics = &check_topics,
                 .apply_topics = &apply_topics,
                 .print_schema = &print_schema,
                 .apply_schema = &apply_schema};
}

}  // namespace konomi::engine
