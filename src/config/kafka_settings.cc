#include "config/kinds.h"
#include "config/topics.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace konomi::config {
namespace {

// Whether a setting of librdkafka holds a secret.
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

}  // namespace

std::vector<Setting> kafka_settings() {
  return {
      name_setting("kafka_brokers", &Config::kafka_brokers, "HOST:PORT,…",
                   "Cluster: Kafka's brokers to begin with"),
      name_setting("kafka_topic", &Config::kafka_topic, "NAME",
                   "Cluster: the topic of the order log; dead letters are in NAME.dlq"),
      name_setting("kafka_group", &Config::kafka_group, "NAME",
                   "Cluster: the consumer group of the role consume"),
      count_setting("kafka_partitions", &Config::kafka_partitions, 1, 4096,
                    "Cluster: partitions of a new topic; divides bucket_count", kEveryCommand),
      count_setting("kafka_replication", &Config::kafka_replication, 1, 9,
                    "Cluster: copies of each record of a new topic", kEveryCommand),
      parsed_setting("kafka_options", &Config::kafka_options, "NAME=VALUE;…",
                     "Cluster: settings of librdkafka; \"@FILE\" as a value stands for what the "
                     "file holds",
                     kEveryCommand, parse_options, options_text),
  };
}

}  // namespace konomi::config
