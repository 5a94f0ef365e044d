#pragma once

#include "domain/order.h"
#include "ports/order_log.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace konomi::kafka {

class ClientStatistics;

// Everything konomi asks of a Kafka cluster and of librdkafka.
struct KafkaOptions {
  std::string brokers = "127.0.0.1:9092";  // "host:port,host:port": some of the cluster's brokers.
  std::string topic = "order-logs";        // Of the orders; see also below.
  std::string group = "konomi";            // The consumers that share the topic's partitions.

  // Settings of librdkafka by its own names: "security.protocol", "ssl.ca.location",
  // "sasl.password", "linger.ms", "group.instance.id", … They win over konomi's defaults
  // (settings.cc), except those that konomi's promises rest on: those are refused. "@path" takes
  // the value from that file, without its last line break; "@@x" is the value "@x".
  std::map<std::string, std::string> settings;

  OrderLog::Limits log_limits;
  // An append that has not been acknowledged by then fails; so do letters that are put.
  std::chrono::milliseconds append_timeout{30'000};
  // How long close() waits for acknowledgements before it gives up what is still on its way.
  std::chrono::milliseconds close_timeout{10'000};
  // Of a question to the cluster: the log's ends, a topic's settings.
  std::chrono::milliseconds query_timeout{10'000};

  // Whether the traceparent of records is read: looking costs time with every record.
  bool traces = false;

  // Where producer and reader tell what they count; nothing: nowhere.
  std::shared_ptr<ClientStatistics> statistics;

  // How far a foreign record's order may lie after its log time.
  OrderLimits order_limits;
};

inline std::string dead_letter_topic(const KafkaOptions& options) {
  return options.topic + ".dlq";
}

// What happened to dead letters: failed again, replayed, discarded.
inline std::string letter_history_topic(const KafkaOptions& options) {
  return dead_letter_topic(options) + ".history";
}

}  // namespace konomi::kafka
