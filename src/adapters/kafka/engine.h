#pragma once

#include "adapters/kafka/options.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"

#include <cstdint>
#include <memory>

namespace konomi::kafka {

// The order log of the cluster engine and its dead letters, over one Kafka cluster. Nothing is
// connected until it is used: a process that only consumes has no producer, one that only answers
// questions belongs to no group.
class KafkaEngine {
 public:
  // Checks the settings, each by itself: `invalid_argument` names the one that is wrong. `clock`
  // outlives the engine. What the topics must be like is check_topics().
  static Result<std::unique_ptr<KafkaEngine>> open(KafkaOptions options, const Clock& clock);

  // Closes. Whoever uses the ports has stopped, and readers are gone.
  ~KafkaEngine();
  KafkaEngine(const KafkaEngine&) = delete;
  KafkaEngine& operator=(const KafkaEngine&) = delete;

  // Starts the producer, which connects by itself; else the first append does, within the request
  // that it came with. Settings that librdkafka refuses together are `invalid_argument`.
  Result<void> open_order_log();

  OrderLog& order_log();
  DeadLetters& dead_letters();

  // A member of the consumer group, which begins at the watermarks of `store`. Any number of them,
  // each for one thread; destroyed before the engine and the store.
  Result<std::unique_ptr<OrderLogReader>> open_reader(OrderStore& store);

  // How many partitions the order topic has.
  Result<std::uint32_t> partitions();

  // What librdkafka's clients last said of themselves; asks no broker.
  void collect(Samples& samples) const;

  // Takes no more orders, and waits until every one is acknowledged, or refused, for at most
  // close_timeout. May be called again.
  void close();

 private:
  struct Parts;
  explicit KafkaEngine(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace konomi::kafka
