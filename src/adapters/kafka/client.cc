#include "adapters/kafka/client.h"

#include "adapters/kafka/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <utility>

namespace konomi::kafka {
namespace {

using Setting = std::pair<const char*, std::string>;

constexpr std::uintmax_t kSecretBytesMax = std::uintmax_t{1} << 20;

struct Reserved {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kBrokers = "the brokers are a setting of konomi's own";
constexpr std::string_view kDurable = "an acknowledged order must be on every replica, once";
constexpr std::string_view kPlacing = "a user's orders must be in the partition of the user's hash";
constexpr std::string_view kTimeout = "konomi's own append timeout decides it";
constexpr std::string_view kQueue = "konomi's own bounds of the queue decide it";
constexpr std::string_view kPosition = "the stored watermarks say where reading begins";
constexpr std::string_view kSharing = "readers take over partitions one by one";
constexpr std::string_view kCreating = "topics are made by `konomi topics apply`";
constexpr std::string_view kServing = "konomi decides how librdkafka calls it";

// Names that an operator may not set, aliases included.
constexpr std::array kReserved = {
    Reserved{"bootstrap.servers", kBrokers},
    Reserved{"metadata.broker.list", kBrokers},
    Reserved{"group.id", "the consumer group is a setting of konomi's own"},
    Reserved{"enable.idempotence", kDurable},
    Reserved{"acks", kDurable},
    Reserved{"request.required.acks", kDurable},
    Reserved{"transactional.id", "konomi uses no transactions"},
    Reserved{"partitioner", kPlacing},
    Reserved{"partitioner_cb", kPlacing},
    Reserved{"message.timeout.ms", kTimeout},
    Reserved{"delivery.timeout.ms", kTimeout},
    Reserved{"queue.buffering.max.messages", kQueue},
    Reserved{"queue.buffering.max.kbytes", kQueue},
    Reserved{"enable.auto.commit", kPosition},
    Reserved{"auto.commit.enable", kPosition},
    Reserved{"enable.auto.offset.store", kPosition},
    Reserved{"auto.offset.reset", kPosition},
    Reserved{"enable.partition.eof", kPosition},
    Reserved{"partition.assignment.strategy", kSharing},
    Reserved{"allow.auto.create.topics", kCreating},
    Reserved{"enabled_events", kServing},
    Reserved{"log.queue", kServing},
    Reserved{"opaque", kServing},
};

// What an operator may change.
constexpr std::array kDefaults = {
    std::pair{"client.id", "konomi"},
    std::pair{"log_level", "4"},
    std::pair{"log.thread.name", "false"},
    std::pair{"socket.keepalive.enable", "true"},
    // Small requests must not wait for the answer to the one before.
    std::pair{"socket.nagle.disable", "true"},
    // A broker that hangs is given up early enough to try its successor within append_timeout.
    std::pair{"socket.timeout.ms", "10000"},
    std::pair{"reconnect.backoff.max.ms", "2000"},
    // What /metrics shows of the clients is as old as this at most.
    std::pair{"statistics.interval.ms", "5000"},
};

constexpr std::array kProducerDefaults = {
    // Batches form by themselves while earlier ones are on their way: any linger only costs time,
    // and more requests in flight only make the batches smaller.
    std::pair{"linger.ms", "0"},
    std::pair{"max.in.flight", "2"},
};

constexpr std::array kReaderDefaults = {
    // How long a killed reader's partitions wait for another one, and how soon readers learn that
    // they are to share anew.
    std::pair{"session.timeout.ms", "10000"},
    std::pair{"heartbeat.interval.ms", "1000"},
    // What is read ahead. When it is full librdkafka looks again after a second, so less than a
    // second's worth of records would make reading wait.
    std::pair{"queued.min.messages", "100000"},
    std::pair{"queued.max.messages.kbytes", "32768"},
    std::pair{"check.crcs", "true"},
};

constexpr std::array kInspectorDefaults = {
    // It reads what is there; a request that waits for more would hold up the next one.
    std::pair{"fetch.wait.max.ms", "10"},
};

std::unexpected<Error> bad_setting(std::string_view name, std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("kafka setting \"{}\": {}", name, what));
}

// A value that stands in a file, so that no secret need be in a configuration or on a command line.
Result<std::string> value_of(const std::string& name, const std::string& value) {
  if (!value.starts_with('@')) return value;
  if (value.starts_with("@@")) return value.substr(1);
  const std::string path = value.substr(1);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    return bad_setting(name, fmt::format("its file {} cannot be read{}{}; \"@@\" begins a value "
                                         "that is no file",
                                         path, error ? ": " : "", error ? error.message() : ""));
  }
  if (size > kSecretBytesMax) {
    return bad_setting(name, fmt::format("its file {} has {} bytes; expected at most {}", path,
                                         size, kSecretBytesMax));
  }
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (content.ends_with('\n')) content.pop_back();
  if (content.ends_with('\r')) content.pop_back();
  return content;
}

Result<void> set(rd_kafka_conf_t& conf, const char* name, const std::string& value) {
  std::array<char, kErrorTextBytes> message{};
  if (rd_kafka_conf_set(&conf, name, value.c_str(), message.data(), message.size()) ==
      RD_KAFKA_CONF_OK)
    return {};
  return bad_setting(name, message.data());
}

template <class Settings>
Result<void> set_all(rd_kafka_conf_t& conf, const Settings& settings) {
  for (const auto& [name, value] : settings) KONOMI_CHECK_OK(set(conf, name, value));
  return {};
}

Result<void> set_operators(rd_kafka_conf_t& conf, const KafkaOptions& options) {
  for (const auto& [name, value] : options.settings) {
    const auto* const reserved = std::ranges::find(kReserved, name, &Reserved::name);
    if (reserved != kReserved.end())
      return bad_setting(name, fmt::format("is not to be set: {}", reserved->why));
    KONOMI_TRY(const std::string taken, value_of(name, value));
    KONOMI_CHECK_OK(set(conf, name.c_str(), taken));
  }
  return {};
}

std::vector<Setting> producer_settings(const KafkaOptions& options) {
  return {{"enable.idempotence", "true"},
          {"acks", "all"},
          {"partitioner", "murmur2"},
          {"message.timeout.ms", std::to_string(options.append_timeout.count())},
          // The log has bounds of its own, which no request passes by half.
          {"queue.buffering.max.messages", "0"},
          {"queue.buffering.max.kbytes", "2147483647"}};
}

std::vector<Setting> reader_settings(const KafkaOptions& options) {
  return {{"group.id", options.group},
          {"partition.assignment.strategy", "cooperative-sticky"},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          // Every start is at an offset that konomi names; one that the log does not hold is an
          // alarm and no reason to begin elsewhere.
          {"auto.offset.reset", "error"},
          {"enable.partition.eof", "true"}};
}

std::vector<Setting> inspector_settings() {
  return {{"auto.offset.reset", "error"}, {"enable.partition.eof", "true"}};
}

std::string_view name_of(ClientKind kind) {
  switch (kind) {
    case ClientKind::producer:
      return "producer";
    case ClientKind::reader:
      return "reader";
    case ClientKind::inspector:
      return "inspector";
  }
  return "client";
}

}  // namespace

Result<ConfHandle> make_conf(const KafkaOptions& options, ClientKind kind) {
  ConfHandle conf(rd_kafka_conf_new());
  KONOMI_CHECK_OK(set_all(*conf, kDefaults));
  if (kind == ClientKind::producer) KONOMI_CHECK_OK(set_all(*conf, kProducerDefaults));
  if (kind == ClientKind::reader) KONOMI_CHECK_OK(set_all(*conf, kReaderDefaults));
  if (kind == ClientKind::inspector) KONOMI_CHECK_OK(set_all(*conf, kInspectorDefaults));
  KONOMI_CHECK_OK(set_operators(*conf, options));

  KONOMI_CHECK_OK(set(*conf, "bootstrap.servers", options.brokers));
  KONOMI_CHECK_OK(set(*conf, "allow.auto.create.topics", "false"));
  if (kind == ClientKind::producer) KONOMI_CHECK_OK(set_all(*conf, producer_settings(options)));
  if (kind == ClientKind::reader) KONOMI_CHECK_OK(set_all(*conf, reader_settings(options)));
  if (kind == ClientKind::inspector) KONOMI_CHECK_OK(set_all(*conf, inspector_settings()));
  return conf;
}

Result<std::unique_ptr<Client>> Client::open(ConfHandle conf, ClientKind kind,
                                             std::shared_ptr<ClientStatistics> statistics,
                                             void* owner) {
  std::unique_ptr<Client> client(
      new Client(std::string(name_of(kind)), std::move(statistics), owner));
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  if (client->statistics_) rd_kafka_conf_set_stats_cb(conf.get(), on_statistics);
  std::array<char, kErrorTextBytes> message{};
  client->handle_.reset(
      rd_kafka_new(kind == ClientKind::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf.get(),
                   message.data(), message.size()));
  if (!client->handle_) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("librdkafka refuses the kafka settings: {}", message.data()));
  }
  (void)conf.release();  // The client has taken it.
  return client;
}

int Client::on_statistics(rd_kafka_t* /*handle*/, char* json, std::size_t bytes, void* opaque) {
  static_cast<Client*>(opaque)->take_statistics(std::string_view(json, bytes));
  return 0;  // librdkafka frees the text.
}

void Client::on_log(const rd_kafka_t* handle, int level, const char* kind, const char* text) {
  // One set of settings serves every kind of client: librdkafka warns of those that another kind
  // would use.
  if (std::string_view(kind) == "CONFWARN") return;
  static_cast<Client*>(rd_kafka_opaque(handle))->lines_.add(level, kind, text);
}

}  // namespace konomi::kafka
