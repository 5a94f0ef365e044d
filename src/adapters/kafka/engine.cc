#include "adapters/kafka/engine.h"

#include "adapters/kafka/client.h"
#include "adapters/kafka/client_statistics.h"
#include "adapters/kafka/dead_letters.h"
#include "adapters/kafka/offsets.h"
#include "adapters/kafka/order_log.h"
#include "adapters/kafka/order_log_reader.h"

#include <utility>

namespace konomi::kafka {

struct KafkaEngine::Parts {
  Parts(KafkaOptions given, const Clock& given_clock)
      : options(std::move(given)),
        clock(given_clock),
        inspector(options),
        order_log(options, inspector, clock),
        dead_letters(options, inspector) {}

  const KafkaOptions options;
  const Clock& clock;
  Inspector inspector;
  KafkaOrderLog order_log;
  KafkaDeadLetters dead_letters;
};

Result<std::unique_ptr<KafkaEngine>> KafkaEngine::open(KafkaOptions options, const Clock& clock) {
  options.statistics = std::make_shared<ClientStatistics>();
  for (const ClientKind kind : {ClientKind::producer, ClientKind::reader, ClientKind::inspector})
    KONOMI_CHECK_OK(make_conf(options, kind));
  return std::unique_ptr<KafkaEngine>(
      new KafkaEngine(std::make_unique<Parts>(std::move(options), clock)));
}

KafkaEngine::KafkaEngine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

KafkaEngine::~KafkaEngine() {
  close();
}

Result<void> KafkaEngine::open_order_log() {
  return parts_->order_log.open();
}

OrderLog& KafkaEngine::order_log() {
  return parts_->order_log;
}

DeadLetters& KafkaEngine::dead_letters() {
  return parts_->dead_letters;
}

Result<std::unique_ptr<OrderLogReader>> KafkaEngine::open_reader(OrderStore& store) {
  return KafkaOrderLogReader::open(parts_->options, store, parts_->clock);
}

Result<std::uint32_t> KafkaEngine::partitions() {
  KONOMI_TRY(rd_kafka_t* const client, parts_->inspector.handle());
  return count_partitions(client, parts_->options.topic, parts_->options.query_timeout);
}

void KafkaEngine::collect(Samples& samples) const {
  parts_->options.statistics->collect(samples);
}

void KafkaEngine::close() {
  parts_->order_log.close();
}

}  // namespace konomi::kafka
