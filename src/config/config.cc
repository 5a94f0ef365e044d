#include "config/config.h"

#include "base/json.h"
#include "config/units.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/text.h"
#include "http/message.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace konomi::config {
namespace {

constexpr std::string_view kEnvironmentPrefix = "KONOMI_";

Setting text_setting(std::string_view name, std::string_view expects, std::string_view help,
                     bool serve_only, auto set, auto get) {
  return {.name = name,
          .expects = expects,
          .help = help,
          .serve_only = serve_only,
          .set = std::move(set),
          .get = std::move(get),
          .quoted = true};
}

Setting duration_setting(std::string_view name, std::chrono::milliseconds Config::* member,
                         std::string_view help, bool serve_only) {
  return text_setting(
      name, "DURATION", help, serve_only,
      [member](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.*member, parse_duration(text));
        return {};
      },
      [member](const Config& config) { return duration_text(config.*member); });
}

Setting bytes_setting(std::string_view name, std::uint64_t Config::* member, std::uint64_t min,
                      std::uint64_t max, std::string_view help, bool serve_only) {
  return text_setting(
      name, "BYTES", help, serve_only,
      [=](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(const std::uint64_t bytes, parse_bytes(text));
        if (bytes < min || bytes > max) {
          return fail(ErrorCode::invalid_argument,
                      fmt::format("{} is out of range; expected {} to {}", quote(text),
                                  bytes_text(min), bytes_text(max)));
        }
        config.*member = bytes;
        return {};
      },
      [member](const Config& config) { return bytes_text(config.*member); });
}

Setting count_setting(std::string_view name, std::uint64_t Config::* member, std::uint64_t min,
                      std::uint64_t max, std::string_view help, bool serve_only) {
  Setting setting = text_setting(
      name, "NUMBER", help, serve_only,
      [=](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.*member, parse_count(text, min, max));
        return {};
      },
      [member](const Config& config) { return fmt::to_string(config.*member); });
  setting.quoted = false;
  return setting;
}

Result<void> set_engine(Config& config, std::string_view text) {
  for (const auto kind : {EngineKind::embedded, EngineKind::cluster}) {
    if (text != name_of(kind)) continue;
    config.engine = kind;
    return {};
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is unknown; expected \"embedded\" or \"cluster\"", quote(text)));
}

Result<void> set_data_dir(Config& config, std::string_view text) {
  if (text.empty()) {
    return fail(ErrorCode::invalid_argument, "\"\" is no directory; expected a path");
  }
  config.data_dir = text;
  return {};
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} {}; expected HOST:PORT, such as \"127.0.0.1:8080\"", quote(text), why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto port = parse_count(text.substr(colon + 1), 0, 65535);
  if (!port) return bad("has no valid port");
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error) return bad("has no valid address");
  return ListenAddress{.host = address.to_string(), .port = static_cast<std::uint16_t>(*port)};
}

struct RoleName {
  std::string_view name;
  bool Roles::* member;
};
constexpr RoleName kRoleNames[] = {{"ingest", &Roles::ingest},
                                   {"consume", &Roles::consume},
                                   {"aggregate", &Roles::aggregate},
                                   {"api", &Roles::api}};

Result<Roles> parse_roles(std::string_view text) {
  Roles roles{.ingest = false, .consume = false, .aggregate = false, .api = false};
  const std::string_view whole = text;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const auto role = std::ranges::find(kRoleNames, word, &RoleName::name);
    if (role == std::end(kRoleNames)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} names an unknown role {}; expected a list of ingest, consume, "
                              "aggregate and api, separated by commas",
                              quote(whole), quote(word)));
    }
    roles.*role->member = true;
    if (comma == std::string_view::npos) return roles;
    text.remove_prefix(comma + 1);
  }
}

std::string roles_text(const Roles& roles) {
  std::string out;
  for (const RoleName& role : kRoleNames) {
    if (roles.*role.member)
      fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ",", role.name);
  }
  return out;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

std::vector<Setting> make_place_settings() {
  std::vector<Setting> table;
  table.push_back(text_setting("engine", "NAME",
                               "Where orders and figures are kept: \"embedded\" (this process and "
                               "its data directory) or \"cluster\" (Kafka and Cassandra)",
                               false, set_engine,
                               [](const Config& c) { return std::string(name_of(c.engine)); }));
  table.push_back(text_setting(
      "data_dir", "DIR", "The directory of the embedded engine, made when it is missing", false,
      set_data_dir, [](const Config& c) { return c.data_dir.string(); }));
  table.push_back(text_setting(
      "backup_dir", "DIR",
      "Embedded: where a running konomi puts the backups it is asked for; its alone", true,
      [](Config& config, std::string_view text) -> Result<void> {
        config.backup_dir = text;
        return {};
      },
      [](const Config& c) { return c.backup_dir.string(); }));
  table.push_back(text_setting(
      "listen", "HOST:PORT",
      "Where HTTP is served; other machines need keys_file; port 0 takes any free one", true,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.listen, parse_listen(text));
        return {};
      },
      [](const Config& c) { return to_string(c.listen); }));
  table.push_back(text_setting(
      "roles", "LIST", "What this process does: ingest,consume,aggregate,api", true,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.roles, parse_roles(text));
        return {};
      },
      [](const Config& c) { return roles_text(c.roles); }));
  return table;
}

void add_business_settings(std::vector<Setting>& table) {
  table.push_back(text_setting(
      "time_zone", "ZONE", "The restaurant's IANA time zone; kept with the data", false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_CHECK_OK(BusinessCalendar::make(text, std::chrono::minutes(0)));
        config.time_zone = text;
        return {};
      },
      [](const Config& c) { return c.time_zone; }));
  table.push_back(text_setting(
      "day_starts_at", "HH:MM", "When a business day begins there; kept with the data", false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.day_starts_at, parse_day_starts_at(text));
        return {};
      },
      [](const Config& c) { return day_starts_at_text(c.day_starts_at); }));
  table.push_back(count_setting("bucket_count", &Config::bucket_count, 1, 4096,
                                "Into how many parts the users are divided; kept with the data",
                                false));
  table.push_back(duration_setting("order_ahead_max", &Config::order_ahead_max,
                                   "How far ahead of the clock an order's time may lie", false));
  table.push_back(text_setting(
      "unknown_menu_types", "accept|refuse",
      "What happens to an order of a menu type not seen before", false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.unknown_menu_types, parse_unknown_menu_types(text));
        return {};
      },
      [](const Config& c) { return std::string(konomi::name_of(c.unknown_menu_types)); }));
  table.push_back(count_setting("menu_types_max", &Config::menu_types_max, 2, 100'000,
                                "How many menu types there may be", false));
  table.push_back(count_setting(
      "orders_in_flight_max", &Config::orders_in_flight_max, 1, 10'000'000,
      "How many orders of a process may wait for the log; more are answered 503, and a request "
      "with more 413",
      true));
  table.push_back(count_setting(
      "poison_percent_max", &Config::poison_percent_max, 0, 100,
      "When more of a batch of records than this fails for one reason, consume holds it and tries "
      "again instead of writing dead letters; 100: never, to drain a topic full of broken records",
      false));
  table.push_back(duration_setting("late_allowance", &Config::late_allowance,
                                   "How long after its end a day waits for late orders before its "
                                   "figures are final",
                                   false));
  Setting min_orders = count_setting("min_orders", &Config::min_orders, 1, 1'000'000,
                                     "With fewer orders a user is undecided; kept with the data, "
                                     "and a changed one has everything counted again",
                                     false);
  min_orders.set = [set = std::move(min_orders.set)](Config& config, std::string_view text) {
    config.min_orders_is_set = true;
    return set(config, text);
  };
  table.push_back(std::move(min_orders));
  table.push_back(text_setting(
      "preferences", "always|nightly",
      "Whether guests of a day that still runs are judged at once or when it is over", false,
      [](Config& config, std::string_view text) -> Result<void> {
        if (text != "always" && text != "nightly") {
          return fail(
              ErrorCode::invalid_argument,
              fmt::format("{} is unknown; expected \"always\" or \"nightly\"", quote(text)));
        }
        config.preferences =
            text == "always" ? aggregate::Preferences::always : aggregate::Preferences::nightly;
        return {};
      },
      [](const Config& c) {
        return std::string(c.preferences == aggregate::Preferences::always ? "always" : "nightly");
      }));
}

// A setting whose value is taken as it is.
Setting plain_setting(std::string_view name, std::string Config::* member, std::string_view expects,
                      std::string_view help, bool may_be_empty) {
  return text_setting(
      name, expects, help, false,
      [=](Config& config, std::string_view text) -> Result<void> {
        if (text.empty() && !may_be_empty) {
          return fail(ErrorCode::invalid_argument, fmt::format("\"\" is no {}", expects));
        }
        config.*member = text;
        return {};
      },
      [member](const Config& c) { return c.*member; });
}

Setting path_setting(std::string_view name, std::filesystem::path Config::* member,
                     std::string_view help) {
  return text_setting(
      name, "FILE", help, false,
      [member](Config& config, std::string_view text) -> Result<void> {
        config.*member = text;
        return {};
      },
      [member](const Config& c) { return (c.*member).string(); });
}

// Of librdkafka's settings.
bool is_secret(std::string_view name) {
  return name.contains("password") || name.contains("secret") || name.ends_with("key.pem");
}

// "security.protocol=ssl;sasl.password=@/run/secrets/kafka"
Result<std::map<std::string, std::string>> parse_options(std::string_view text) {
  std::map<std::string, std::string> options;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} is no NAME=VALUE; expected some of them separated by \";\", as "
                              "in \"security.protocol=ssl;ssl.ca.location=/etc/ca.pem\"",
                              quote(pair)));
    }
    const std::string_view name = pair.substr(0, equals);
    if (is_secret(name) && !pair.substr(equals + 1).starts_with('@')) {
      // Without the value: this goes to logs and screens.
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("{} is a secret, which `config print` and the list of processes would "
                      "show; expected \"{}=@FILE\" with a file that holds it",
                      name, name));
    }
    options[std::string(name)] = pair.substr(equals + 1);
  }
  return options;
}

std::string options_text(const std::map<std::string, std::string>& options) {
  std::string out;
  for (const auto& [name, value] : options)
    out += fmt::format("{}{}={}", out.empty() ? "" : ";", name, value);
  return out;
}

// "a,b": words that `check` lets pass.
Setting list_setting(std::string_view name, std::vector<std::string> Config::* member,
                     std::string_view expects, std::string_view help, auto check) {
  return text_setting(
      name, expects, help, true,
      [=](Config& config, std::string_view text) -> Result<void> {
        std::vector<std::string> words;
        while (!text.empty()) {
          const std::size_t end = std::min(text.find(','), text.size());
          const std::string_view word = text.substr(0, end);
          text.remove_prefix(std::min(end + 1, text.size()));
          if (!check(word)) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} is none; expected {}", quote(word), expects));
          }
          words.emplace_back(word);
        }
        config.*member = std::move(words);
        return {};
      },
      [member](const Config& c) { return fmt::format("{}", fmt::join(c.*member, ",")); });
}

// As a browser writes it: scheme, host, and the port unless it is the scheme's own.
bool is_origin(std::string_view text) {
  const bool https = text.starts_with("https://");
  if (!https && !text.starts_with("http://")) return false;
  const std::string_view rest = text.substr(https ? 8 : 7);
  return !rest.empty() && rest.find_first_of("/?#@* ") == std::string_view::npos;
}

void add_access_settings(std::vector<Setting>& table) {
  table.push_back(path_setting("keys_file", &Config::keys_file,
                               "The API keys that may be used, by `konomi keys`; without it "
                               "everybody on this machine may do everything"));
  table.push_back(count_setting("requests_per_second_max", &Config::requests_per_second_max, 0,
                                1'000'000'000,
                                "Of an API key that has no bound of its own; 0: no bound", true));
  table.push_back(path_setting("audit_file", &Config::audit_file,
                               "Who exported, replayed, erased or changed what, a JSON "
                               "object a line; without it on the log"));
  table.push_back(path_setting("tls_cert_file", &Config::tls_cert_file,
                               "The server's certificate chain (PEM), read again when it changes; "
                               "turns TLS on"));
  table.push_back(
      path_setting("tls_key_file", &Config::tls_key_file, "The key of that certificate (PEM)"));
  table.push_back(list_setting("allowed_hosts", &Config::allowed_hosts, "HOST,…",
                               "Without keys_file: other names under which a proxy on this machine "
                               "asks",
                               [](std::string_view word) {
                                 return !word.empty() &&
                                        word.find_first_of(":/* ") == std::string_view::npos;
                               }));
  table.push_back(list_setting("cors_origins", &Config::cors_origins, "https://HOST,…",
                               "Other pages that may call this server from a browser", is_origin));
}

void add_kafka_settings(std::vector<Setting>& table) {
  table.push_back(plain_setting("kafka_brokers", &Config::kafka_brokers, "HOST:PORT,…",
                                "Cluster: Kafka's brokers to begin with", false));
  table.push_back(plain_setting("kafka_topic", &Config::kafka_topic, "NAME",
                                "Cluster: the topic of the order log; dead letters are in NAME.dlq",
                                false));
  table.push_back(plain_setting("kafka_group", &Config::kafka_group, "NAME",
                                "Cluster: the consumer group of the role consume", false));
  table.push_back(count_setting("kafka_partitions", &Config::kafka_partitions, 1, 4096,
                                "Cluster: partitions of a new topic; divides bucket_count", false));
  table.push_back(count_setting("kafka_replication", &Config::kafka_replication, 1, 9,
                                "Cluster: copies of each record of a new topic", false));
  table.push_back(text_setting(
      "kafka_options", "NAME=VALUE;…",
      "Cluster: settings of librdkafka; \"@FILE\" as a value stands for what the file holds", false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.kafka_options, parse_options(text));
        return {};
      },
      [](const Config& c) { return options_text(c.kafka_options); }));
}

void add_cassandra_settings(std::vector<Setting>& table) {
  table.push_back(plain_setting("cassandra_contact_points", &Config::cassandra_contact_points,
                                "HOST:PORT,…", "Cluster: Cassandra's nodes to begin with", false));
  table.push_back(plain_setting("cassandra_keyspace", &Config::cassandra_keyspace, "NAME",
                                "Cluster: the keyspace of orders and figures", false));
  table.push_back(plain_setting(
      "cassandra_replication", &Config::cassandra_replication, "N|DC:N,…",
      "Cluster: copies of each row in a new keyspace, for each data centre if named", false));
  table.push_back(plain_setting("cassandra_local_datacenter", &Config::cassandra_local_datacenter,
                                "NAME", "Cluster: the data centre to ask first", true));
  table.push_back(plain_setting("cassandra_consistency", &Config::cassandra_consistency, "LEVEL",
                                "Cluster: how many copies must answer", false));
  table.push_back(plain_setting("cassandra_user", &Config::cassandra_user, "NAME",
                                "Cluster: who signs in to Cassandra", true));
  table.push_back(path_setting("cassandra_password_file", &Config::cassandra_password_file,
                               "Cluster: holds that user's password"));
  table.push_back(path_setting("cassandra_ca_file", &Config::cassandra_ca_file,
                               "Cluster: certificates to trust (PEM); turns TLS on"));
  table.push_back(path_setting("cassandra_cert_file", &Config::cassandra_cert_file,
                               "Cluster: this client's certificate (PEM)"));
  table.push_back(path_setting("cassandra_key_file", &Config::cassandra_key_file,
                               "Cluster: the key of that certificate (PEM)"));
  table.push_back(duration_setting("cassandra_request_timeout", &Config::cassandra_request_timeout,
                                   "Cluster: how long one request may take", false));
}

void add_retention_settings(std::vector<Setting>& table) {
  table.push_back(duration_setting("retention_orders", &Config::retention_orders,
                                   "Raw orders of final days that ended longer ago leave, figures "
                                   "stay, and later orders of such days are dead letters; 0s: kept "
                                   "for ever",
                                   false));
  table.push_back(duration_setting("retention_dead_letters", &Config::retention_dead_letters,
                                   "Dead letters older than this leave, whatever became of them; "
                                   "0s: kept for ever",
                                   false));
  table.push_back(duration_setting("retention_log", &Config::retention_log,
                                   "Embedded: stored orders leave the log after so long; cluster: "
                                   "retention.ms of the topic, by `konomi topics apply`; 0s: kept "
                                   "for ever",
                                   false));
}

void add_process_settings(std::vector<Setting>& table) {
  table.push_back(duration_setting("settle", &Config::settle,
                                   "A day is counted again when no order came for so long", false));
  table.push_back(duration_setting("settle_max", &Config::settle_max,
                                   "How long orders that keep coming wait at the most", false));
  table.push_back(count_setting("aggregate_threads", &Config::aggregate_threads, 0, 64,
                                "Threads that count; 0: 1 embedded, 8 on a cluster", false));
  table.push_back(text_setting(
      "aggregate_shard", "I/N", "Count every N-th bucket from I on: of N processes each a part",
      false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.aggregate_shard, parse_shard(text));
        return {};
      },
      [](const Config& c) {
        return fmt::format("{}/{}", c.aggregate_shard.index, c.aggregate_shard.count);
      }));
  table.push_back(count_setting("http_threads", &Config::http_threads, 1, 64,
                                "Threads that serve connections", true));
  table.push_back(count_setting("http_workers", &Config::http_workers, 1, 256,
                                "Threads that read figures for answers", true));
  table.push_back(count_setting("http_connections_max", &Config::http_connections_max, 1, 1'000'000,
                                "Connections at a time", true));
  table.push_back(bytes_setting("http_body_bytes_max", &Config::http_body_bytes_max, 1024,
                                std::uint64_t{1} << 30, "The longest body, unpacked", true));
  table.push_back(duration_setting("http_idle_timeout", &Config::http_idle_timeout,
                                   "When a connection without a request is closed", true));
  table.push_back(duration_setting("http_request_timeout", &Config::http_request_timeout,
                                   "How long a request may take to arrive", true));
  table.push_back(duration_setting(
      "shutdown_delay", &Config::shutdown_delay,
      "How long a stopping process still serves, not ready any more, so that load balancers see it",
      true));
  table.push_back(duration_setting("shutdown_timeout", &Config::shutdown_timeout,
                                   "How long a stopping process waits for its requests", true));
  table.push_back(duration_setting("role_silence_max", &Config::role_silence_max,
                                   "A role without a step for so long hangs: konomi is not ready, "
                                   "and systemd's watchdog restarts it",
                                   true));
  table.push_back(text_setting(
      "log_level", "LEVEL", "debug, info, warning or error", false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.log_level, parse_log_level(text));
        return {};
      },
      [](const Config& c) { return std::string(name_of(c.log_level)); }));
  table.push_back(text_setting(
      "log_format", "text|json", "How the log on standard error is written", false,
      [](Config& config, std::string_view text) -> Result<void> {
        KONOMI_TRY(config.log_format, parse_log_format(text));
        return {};
      },
      [](const Config& c) {
        return std::string(c.log_format == LogFormat::json ? "json" : "text");
      }));
}

std::vector<Setting> make_settings() {
  std::vector<Setting> table = make_place_settings();
  add_business_settings(table);
  add_access_settings(table);
  add_retention_settings(table);
  add_kafka_settings(table);
  add_cassandra_settings(table);
  add_process_settings(table);
  return table;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view near = nearest(word, known);
  return near.empty() ? std::string("`konomi config print` lists every setting")
                      : fmt::format("did you mean {}?", near);
}

void set_value(const Setting& setting, std::string_view value, std::string_view shown_name,
               const std::string& origin, LoadedConfig& config,
               std::vector<std::string>& problems) {
  const Result<void> set = setting.set(config.values, value);
  if (!set) {
    problems.push_back(fmt::format("{}: {}", shown_name, set.error().message));
    return;
  }
  config.origins[std::string(setting.name)] = origin;
}

// A TOML value as text in the form that Setting::set reads, or nothing when it can be no setting.
std::optional<std::string> toml_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto number = node.value_exact<std::int64_t>()) return fmt::to_string(*number);
  const toml::array* const list = node.as_array();
  if (list == nullptr) return std::nullopt;
  std::string out;
  for (const toml::node& item : *list) {
    const auto word = item.value_exact<std::string>();
    if (!word) return std::nullopt;
    out += (out.empty() ? "" : ",") + *word;
  }
  return out;
}

Result<std::string> read_file(const std::filesystem::path& path) {
  constexpr std::size_t kConfigBytesMax = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  std::string text(kConfigBytesMax + 1, '\0');
  if (std::filesystem::is_directory(path) || !file) {
    return fail(ErrorCode::not_found,
                fmt::format("the configuration file {} cannot be read; name another with --config "
                            "or {}",
                            path.string(), kConfigFileVariable));
  }
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kConfigBytesMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the configuration file {} has more than {}", path.string(),
                            bytes_text(kConfigBytesMax)));
  }
  return text;
}

void apply_environment(const ConfigSources& sources, LoadedConfig& config,
                       std::vector<std::string>& problems) {
  std::vector<std::string> known{std::string(kConfigFileVariable)};
  for (const Setting& setting : settings()) known.push_back(setting.environment());
  for (const auto& [name, value] : sources.environment) {
    if (!name.starts_with(kEnvironmentPrefix) || name == kConfigFileVariable) continue;
    if (name == kApiKeyVariable || name == kApiKeyFileVariable) continue;
    const auto at = std::ranges::find(settings(), name, &Setting::environment);
    if (at == settings().end()) {
      problems.push_back(fmt::format("the environment variable {} is no setting; {}", name,
                                     did_you_mean(name, known)));
      continue;
    }
    set_value(*at, value, name, "environment", config, problems);
  }
}

std::optional<std::filesystem::path> config_file(const ConfigSources& sources) {
  if (sources.file) return sources.file;
  for (const auto& [name, value] : sources.environment) {
    if (name == kConfigFileVariable && !value.empty()) return value;
  }
  return std::nullopt;
}

void check_together(const LoadedConfig& config, std::vector<std::string>& problems) {
  const Config& values = config.values;
  if (values.engine == EngineKind::embedded && !values.roles.all()) {
    problems.push_back(
        fmt::format("roles: \"{}\" leaves out a part, and the embedded engine needs all of them in "
                    "one process; expected \"ingest,consume,aggregate,api\"",
                    roles_text(values.roles)));
  }
  if (values.engine == EngineKind::embedded && values.aggregate_shard.count != 1) {
    problems.push_back(
        fmt::format("aggregate_shard: \"{}/{}\" counts a part of the buckets, and the embedded "
                    "engine has no other process for the rest; expected \"0/1\"",
                    values.aggregate_shard.index, values.aggregate_shard.count));
  }
  if (values.engine == EngineKind::cluster && values.bucket_count % values.kafka_partitions != 0) {
    problems.push_back(fmt::format(
        "kafka_partitions: {} does not divide bucket_count, which is {}; a partition feeds whole "
        "buckets",
        values.kafka_partitions, values.bucket_count));
  }
  if (!is_loopback(values.listen) && values.keys_file.empty()) {
    problems.push_back(fmt::format(
        "listen ({}): \"{}\" can be reached from other machines, so keys_file must say who "
        "may read guests' preferences; make a key with `konomi keys create --keys-file "
        "keys.toml --name NAME --scopes read` and set keys_file, or listen on a "
        "loopback address such as \"127.0.0.1:8080\"",
        config.origins.at("listen"), to_string(values.listen)));
  }
  if (values.tls_cert_file.empty() != values.tls_key_file.empty()) {
    problems.push_back("tls_cert_file and tls_key_file: only one is set; expected both or none");
  }
  if (values.cassandra_cert_file.empty() != values.cassandra_key_file.empty()) {
    problems.push_back(
        "cassandra_cert_file and cassandra_key_file: only one is set; expected both or none");
  }
}

}  // namespace

std::string_view name_of(EngineKind kind) {
  return kind == EngineKind::cluster ? "cluster" : "embedded";
}

std::string to_string(const ListenAddress& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", address.host, address.port)
             : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback(const ListenAddress& address) {
  boost::system::error_code error;
  return boost::asio::ip::make_address(address.host, error).is_loopback();
}

std::string Setting::flag() const {
  std::string out = "--" + std::string(name);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string Setting::environment() const {
  std::string out(kEnvironmentPrefix);
  for (const char c : name) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::span<const Setting> settings() {
  static const std::vector<Setting> kTable = make_settings();
  return kTable;
}

void apply_toml(std::string_view text, const std::string& origin, LoadedConfig& config,
                std::vector<std::string>& problems) {
  toml::table table;
  try {
    table = toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    problems.push_back(fmt::format("{}, line {}: {}", origin, error.source().begin.line,
                                   std::string_view(error.description())));
    return;
  }
  std::vector<std::string> known;
  for (const Setting& setting : settings()) known.emplace_back(setting.name);
  for (const auto& [key, node] : table) {
    const std::string where =
        fmt::format("{}, line {}: {}", origin, node.source().begin.line, key.str());
    const Setting* const setting = find_setting(key.str());
    if (setting == nullptr) {
      problems.push_back(
          fmt::format("{} is no setting; {}", where, did_you_mean(key.str(), known)));
      continue;
    }
    const auto value = toml_text(node);
    if (!value) {
      problems.push_back(
          fmt::format("{} has a value of the wrong type; expected {}, for example "
                      "{} = {}",
                      where, setting->expects, setting->name,
                      setting->quoted ? quote(setting->get(Config{})) : setting->get(Config{})));
      continue;
    }
    set_value(*setting, *value, where, origin, config, problems);
  }
}

std::expected<LoadedConfig, std::vector<std::string>> load_config(const ConfigSources& sources) {
  LoadedConfig config;
  std::vector<std::string> problems;
  for (const Setting& setting : settings()) config.origins[std::string(setting.name)] = "default";
  config.file = config_file(sources);
  if (config.file) {
    const Result<std::string> text = read_file(*config.file);
    if (text) {
      apply_toml(*text, config.file->string(), config, problems);
    } else {
      problems.push_back(text.error().message);
    }
  }
  apply_environment(sources, config, problems);
  for (const auto& [name, value] : sources.flags) {
    const Setting* const setting = find_setting(name);
    if (setting != nullptr) {
      set_value(*setting, value, setting->flag(), "flag", config, problems);
    }
  }
  check_together(config, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return config;
}

std::string print_config_toml(const LoadedConfig& config) {
  std::string out;
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(config.values);
    std::string shown = value;
    if (setting.quoted) {
      shown.clear();
      append_json_string(shown, value);  // A TOML basic string is written like a JSON one.
    }
    fmt::format_to(std::back_inserter(out), "{:<48} # {}\n",
                   fmt::format("{} = {}", setting.name, shown),
                   config.origins.at(std::string(setting.name)));
  }
  return out;
}

std::string print_config_json(const LoadedConfig& config) {
  std::string out = R"({"settings":[)";
  for (const Setting& setting : settings()) {
    if (!out.ends_with('[')) out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"name":"{}","value":)", setting.name);
    const std::string value = setting.get(config.values);
    if (setting.quoted) {
      append_json_string(out, value);
    } else {
      out += value;
    }
    out += R"(,"source":)";
    append_json_string(out, config.origins.at(std::string(setting.name)));
    fmt::format_to(std::back_inserter(out), R"(,"flag":"{}","environment":"{}","expects":)",
                   setting.flag(), setting.environment());
    append_json_string(out, setting.expects);
    out += R"(,"help":)";
    append_json_string(out, setting.help);
    out += '}';
  }
  out += "]}\n";
  return out;
}

std::optional<std::string> environment_variable(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with(kEnvironmentPrefix)) continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

}  // namespace konomi::config
