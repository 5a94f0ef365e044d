#pragma once

#include "aggregate/aggregator.h"
#include "base/log.h"
#include "domain/bucket.h"
#include "domain/menu_type.h"
#include "domain/order.h"
#include "domain/preference.h"
#include "http/limits.h"
#include "http/server.h"
#include "ports/order_log.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

struct ListenAddress {
  std::string host = "127.0.0.1";  // An IP address without brackets.
  std::uint16_t port = 8080;       // 0: any free port.

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

std::string to_string(const ListenAddress& address);  // "127.0.0.1:8080", "[::1]:8080"

// Whether only this machine reaches it.
bool is_loopback(const ListenAddress& address);

enum class EngineKind { embedded, cluster };
std::string_view name_of(EngineKind kind);

// Every setting of konomi with its default. The names are those of the table settings().
struct Config {
  EngineKind engine = EngineKind::embedded;
  std::filesystem::path data_dir = "konomi-data";
  std::filesystem::path backup_dir;  // Empty: no backups while it runs.
  ListenAddress listen;
  std::filesystem::path keys_file;
  std::uint64_t requests_per_second_max = 0;  // Of a key; 0: no bound.
  std::filesystem::path audit_file;
  std::filesystem::path tls_cert_file;
  std::filesystem::path tls_key_file;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;
  Roles roles;
  std::string time_zone = "Asia/Tokyo";
  std::chrono::minutes day_starts_at{0};
  std::uint64_t bucket_count = kBucketCountDefault.value();

  std::uint64_t http_threads = http::ServerOptions{}.threads;
  std::uint64_t http_workers = http::ServerLimits{}.worker_threads;
  std::uint64_t http_connections_max = http::ServerLimits{}.connections_max;
  std::uint64_t http_body_bytes_max = http::ServerLimits{}.body_bytes_max;
  std::chrono::milliseconds http_idle_timeout = http::ServerLimits{}.idle_timeout;
  std::chrono::milliseconds http_request_timeout = http::ServerLimits{}.request_timeout;
  std::chrono::milliseconds shutdown_delay{0};
  std::chrono::milliseconds shutdown_timeout = http::ServerLimits{}.stop_grace;

  std::chrono::milliseconds order_ahead_max = OrderLimits{}.ahead_max;
  UnknownMenuTypes unknown_menu_types = UnknownMenuTypes::accept;
  std::uint64_t menu_types_max = kMenuTypesMaxDefault;
  std::uint64_t orders_in_flight_max = OrderLog::Limits{}.orders_in_flight_max;

  std::uint64_t poison_percent_max = 50;

  std::chrono::milliseconds settle = aggregate::AggregatorOptions{}.settle;
  std::chrono::milliseconds settle_max = aggregate::AggregatorOptions{}.settle_max;
  std::chrono::milliseconds late_allowance = aggregate::AggregatorOptions{}.late_allowance;
  std::uint64_t min_orders = PreferenceRules{}.min_orders;
  bool min_orders_is_set = false;  // Else the data's own is taken.
  aggregate::Preferences preferences = aggregate::AggregatorOptions{}.preferences;
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

  // A count on a cluster mostly waits for answers of the stores; on one machine it computes.
  std::size_t aggregate_threads_or_default() const {
    if (aggregate_threads != 0) return aggregate_threads;
    return engine == EngineKind::cluster ? 8 : aggregate::AggregatorOptions{}.threads;
  }
};

// One row of the table from which flags, environment variables, the TOML file and `config print`
// come.
struct Setting {
  std::string_view name;     // Also the TOML key: "data_dir".
  std::string_view expects;  // What a value looks like: "DURATION".
  std::string_view help;
  bool serve_only;  // Means nothing to the commands that work on data by themselves.
  std::function<Result<void>(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> get;  // In a form that `set` reads again.
  bool quoted;                                    // In TOML and JSON a string, else a bare number.

  std::string flag() const;         // "--data-dir"
  std::string environment() const;  // "KONOMI_DATA_DIR"
};

std::span<const Setting> settings();

inline constexpr std::string_view kConfigFileVariable = "KONOMI_CONFIG";
// What commands send to a konomi that asks for a key. No settings: a server has no use for them.
inline constexpr std::string_view kApiKeyVariable = "KONOMI_API_KEY";
inline constexpr std::string_view kApiKeyFileVariable = "KONOMI_API_KEY_FILE";

// Where settings may come from. A flag wins over the environment, that over the file, that over the
// default.
struct ConfigSources {
  std::map<std::string, std::string> flags;                      // By the setting's name.
  std::vector<std::pair<std::string, std::string>> environment;  // Only KONOMI_* ones are read.
  std::optional<std::filesystem::path> file;  // Else the one that KONOMI_CONFIG names, if any.
};

struct LoadedConfig {
  Config values;
  std::map<std::string, std::string> origins;  // Setting → "flag", "environment", "default", file.
  std::optional<std::filesystem::path> file;
};

// Puts the settings together and checks them. On failure every problem, each one naming the
// setting, where it came from, what was expected and what came.
std::expected<LoadedConfig, std::vector<std::string>> load_config(const ConfigSources& sources);

// Adds the settings of a TOML text to `config`; `origin` names it in messages.
void apply_toml(std::string_view text, const std::string& origin, LoadedConfig& config,
                std::vector<std::string>& problems);

// The effective values: TOML with each one's origin as a comment, or JSON.
std::string print_config_toml(const LoadedConfig& config);
std::string print_config_json(const LoadedConfig& config);

// One variable of this process's environment; nothing: it is not set.
std::optional<std::string> environment_variable(std::string_view name);

// This process's environment, as ConfigSources takes it.
std::vector<std::pair<std::string, std::string>> process_environment();

}  // namespace konomi::config
