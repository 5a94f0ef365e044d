#include "process/options.h"

#include "process/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

namespace konomi::process {

BucketCount bucket_count(const config::Config& config) {
  return BucketCount(static_cast<std::uint32_t>(config.bucket_count));
}

ingest::MenuTypeGate::Rules gate_rules(const config::Config& config) {
  return {.unknown = config.unknown_menu_types, .menu_types_max = config.menu_types_max};
}

ingest::OrderHandler::Options order_handler_options(const config::Config& config) {
  ingest::OrderHandler::Options options;
  options.limits.ahead_max = config.order_ahead_max;
  options.orders_in_flight_max = config.orders_in_flight_max;
  // A request with more orders than may ever be in flight would be told to come again for ever.
  options.batch_orders_max =
      std::min<std::size_t>(options.batch_orders_max, config.orders_in_flight_max);
  return options;
}

consume::ConsumerOptions consumer_options(const config::Config& config, std::uint64_t retry_seed,
                                          Tracer& tracer) {
  consume::ConsumerOptions options;
  options.unknown_menu_types = config.unknown_menu_types;
  options.menu_types_max = config.menu_types_max;
  options.poison_percent_max = config.poison_percent_max;
  options.retry_seed = retry_seed;
  options.tracer = &tracer;
  return options;
}

aggregate::AggregatorOptions aggregator_options(const config::Config& config,
                                                std::uint32_t log_partitions, Tracer& tracer) {
  aggregate::AggregatorOptions options;
  options.rules.min_orders = config.min_orders;
  options.preferences = config.preferences;
  options.threads = config.aggregate_threads_or_default();
  options.shard = config.aggregate_shard;
  options.log_partitions = log_partitions;
  options.settle = config.settle;
  options.settle_max = config.settle_max;
  options.late_allowance = config.late_allowance;
  options.orders_kept_for = config.retention_orders;
  // Embedded there is one clock, and announcing is one synced write.
  options.expiry_margin = config.engine == config::EngineKind::cluster ? std::chrono::minutes(1)
                                                                       : std::chrono::seconds(5);
  options.tracer = &tracer;
  return options;
}

aggregate::RetentionOptions retention_options(const config::Config& config) {
  return {.dead_letters = config.retention_dead_letters, .log = config.retention_log};
}

api::ApiSettings api_settings(const config::Config& config, const BusinessCalendar& calendar) {
  return {.calendar = calendar,
          .bucket_count = bucket_count(config),
          .rules = {.min_orders = config.min_orders},
          .menu_types_max = config.menu_types_max,
          .identity = {.engine = std::string(name_of(config.engine)),
                       .version = std::string(kVersion)}};
}

dlq::ReprocessingRules reprocessing_rules(const config::Config& config) {
  dlq::ReprocessingRules rules;
  rules.limits.ahead_max = config.order_ahead_max;
  rules.unknown_menu_types = config.unknown_menu_types;
  rules.menu_types_max = config.menu_types_max;
  return rules;
}

verify::VerifyOptions verify_options(const config::Config& config, std::uint32_t log_partitions) {
  verify::VerifyOptions options;
  options.bucket_count = bucket_count(config);
  options.log_partitions = log_partitions;
  options.rules.min_orders = config.min_orders;
  options.judged_nightly = config.preferences == Preferences::nightly;
  return options;
}

http::ServerOptions server_options(const config::Config& config) {
  http::ServerOptions options;
  options.address = config.listen.host;
  options.port = config.listen.port;
  options.threads = config.http_threads;
  options.limits.body_bytes_max = config.http_body_bytes_max;
  options.limits.bodies_bytes_max =
      std::max(options.limits.bodies_bytes_max, options.limits.body_bytes_max);
  options.limits.connections_max = config.http_connections_max;
  options.limits.worker_threads = config.http_workers;
  options.limits.idle_timeout = config.http_idle_timeout;
  options.limits.request_timeout = config.http_request_timeout;
  options.limits.stop_grace = config.shutdown_timeout;
  return options;
}

}  // namespace konomi::process
