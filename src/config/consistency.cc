#include "config/consistency.h"

#include "config/topics.h"

#include <fmt/format.h>

namespace konomi::config {

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

}  // namespace konomi::config
