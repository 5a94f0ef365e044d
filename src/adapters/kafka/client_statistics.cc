#include "adapters/kafka/client_statistics.h"

#include <simdjson.h>

#include <utility>

namespace konomi::kafka {
namespace {

double number_at(const simdjson::dom::element& object, std::string_view name) {
  std::int64_t value = 0;
  return object[name].get(value) == simdjson::SUCCESS ? static_cast<double>(value) : 0;
}

}  // namespace

void ClientStatistics::take(const std::string& client, std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return;
  Values values;
  values.queued = number_at(root, "msg_cnt");
  values.sent_bytes = number_at(root, "tx_bytes");
  simdjson::dom::element group;
  if (root["cgrp"].get(group) == simdjson::SUCCESS)
    values.rebalances = number_at(group, "rebalance_cnt");
  simdjson::dom::object brokers;
  if (root["brokers"].get(brokers) == simdjson::SUCCESS) {
    for (const auto& [name, broker] : brokers) {
      values.unsent += number_at(broker, "outbuf_cnt");
      values.transmission_errors += number_at(broker, "txerrs");
      values.transmission_retries += number_at(broker, "txretries");
      values.request_timeouts += number_at(broker, "req_timeouts");
      simdjson::dom::element rtt;
      // Brokers of the bootstrap list and the group's coordinator are listed once more.
      if (number_at(broker, "nodeid") < 0 || broker["rtt"].get(rtt) != simdjson::SUCCESS) continue;
      values.rtt_seconds[std::to_string(static_cast<int>(number_at(broker, "nodeid")))] =
          number_at(rtt, "p99") / 1e6;
    }
  }
  const MutexLock lock(mutex_);
  clients_[client] = std::move(values);
}

void ClientStatistics::collect(Samples& samples) const {
  const MutexLock lock(mutex_);
  for (const auto& [client, values] : clients_) {
    const Samples::Labels labels{{"client", client}};
    samples.gauge("konomi_kafka_queued_messages", "Messages that wait or are on their way",
                  values.queued, labels);
    samples.gauge("konomi_kafka_outbuf_requests", "Requests that wait to be sent", values.unsent,
                  labels);
    samples.counter("konomi_kafka_sent_bytes_total", "Bytes sent to brokers", values.sent_bytes,
                    labels);
    samples.counter("konomi_kafka_tx_errors_total", "Requests that could not be sent",
                    values.transmission_errors, labels);
    samples.counter("konomi_kafka_tx_retries_total", "Requests that were sent again",
                    values.transmission_retries, labels);
    samples.counter("konomi_kafka_request_timeouts_total", "Requests without an answer in time",
                    values.request_timeouts, labels);
    samples.counter("konomi_kafka_rebalances_total", "How often the group shared partitions anew",
                    values.rebalances, labels);
    for (const auto& [broker, seconds] : values.rtt_seconds) {
      samples.gauge("konomi_kafka_rtt_seconds",
                    "The 99th percentile of the last interval's round trips", seconds,
                    {{"client", client}, {"broker", broker}});
    }
  }
}

}  // namespace konomi::kafka
