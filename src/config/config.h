#pragma once

#include "base/log.h"
#include "config/listen_address.h"
#include "domain/bucket.h"
#include "domain/menu_type.h"
#include "domain/order.h"
#include "domain/preference.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::config {

// Which parts of konomi this process is.
struct Roles {
  bool ingest = true;
  bool consume = true;
  bool aggregate = true;
  bool api = true;

  bool all() const { return ingest && consume && aggregate && api; }
  friend bool operator==(const Roles&, const Roles&) = default;
};

enum class EngineKind { embedded, cluster };
std::string_view name_of(EngineKind kind);

// Every setting of konomi with its default. The names are those of the table settings(). The rooms
// have the same defaults in options of their own, for their tests; process/options_test.cc holds
// them together.
struct Config {
  EngineKind engine = EngineKind::embedded;
  std::filesystem::path data_dir = "konomi-data";
  std::filesystem::path backup_dir;  // Empty: no backups while it runs.
  ListenAddress listen;
  std::filesystem::path keys_file;
  std::uint64_t requests_per_second_max = 0;  // For each key; 0: no bound.
  std::filesystem::path audit_file;
  std::filesystem::path tls_cert_file;
  std::filesystem::path tls_key_file;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;
  Roles roles;
  std::string time_zone = "Asia/Tokyo";
  std::chrono::minutes day_starts_at{0};
  std::uint64_t bucket_count = kBucketCountDefault.value();

  std::uint64_t http_threads = 2;
  std::uint64_t http_workers = 4;
  std::uint64_t http_connections_max = 10'000;
  std::uint64_t http_body_bytes_max = 8 * 1024 * 1024;
  std::chrono::milliseconds http_idle_timeout{75'000};
  std::chrono::milliseconds http_request_timeout{30'000};
  std::chrono::milliseconds shutdown_delay{0};
  std::chrono::milliseconds shutdown_timeout{10'000};

  std::chrono::milliseconds order_ahead_max = OrderLimits{}.ahead_max;
  UnknownMenuTypes unknown_menu_types = UnknownMenuTypes::accept;
  std::uint64_t menu_types_max = kMenuTypesMaxDefault;
  std::uint64_t orders_in_flight_max = 200'000;

  std::uint64_t poison_percent_max = 50;

  std::chrono::milliseconds settle{1'000};
  std::chrono::milliseconds settle_max{5'000};
  std::chrono::milliseconds late_allowance = std::chrono::hours(1);
  std::uint64_t min_orders = PreferenceRules{}.min_orders;
  Preferences preferences = Preferences::always;
  std::uint64_t aggregate_threads = 0;  // 0: as many as suit the engine.
  Shard aggregate_shard;

  std::chrono::milliseconds retention_orders{0};  // 0: for ever.
  std::chrono::milliseconds retention_dead_letters{0};
  std::chrono::milliseconds retention_log{0};

  std::string kafka_brokers = "127.0.0.1:9092";
  std::string kafka_topic = "order-logs";
  std::string kafka_group = "konomi";
  std::uint64_t kafka_partitions = 8;
  std::uint64_t kafka_replication = 3;
  std::map<std::string, std::string> kafka_options;  // librdkafka's own.

  std::string cassandra_contact_points = "127.0.0.1:9042";
  std::string cassandra_keyspace = "konomi";
  std::string cassandra_replication = "3";
  std::string cassandra_local_datacenter;
  std::string cassandra_consistency = "LOCAL_QUORUM";
  std::string cassandra_user;
  std::filesystem::path cassandra_password_file;
  std::filesystem::path cassandra_ca_file;
  std::filesystem::path cassandra_cert_file;
  std::filesystem::path cassandra_key_file;
  std::chrono::milliseconds cassandra_request_timeout{5'000};

  std::chrono::milliseconds role_silence_max{60'000};

  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  // Threads that count: `aggregate_threads`, or as many as suit the engine.
  std::size_t aggregate_threads_or_default() const;
};

}  // namespace konomi::config
