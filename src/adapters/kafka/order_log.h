#pragma once

#include "adapters/kafka/blocking_producer.h"
#include "adapters/kafka/offsets.h"
#include "adapters/kafka/options.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "ports/order_log.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace konomi::kafka {

class Producer;
class ProducerInUse;
struct AppendRequest;

// The order log as a Kafka topic: one record an order, its key the user, acknowledged when every
// replica that is in sync has it. Retries never write an order twice or out of order (an idempotent
// producer), and a user's orders are in one partition, that of Kafka's own hash.
//
//   append ─┐  room? ┌─ librdkafka: batches by partition ──→ brokers
//   append ─┼───────→┤
//   append ─┘  no:   └─ one thread: delivery reports, a batch at a time ──→ completions
//           overloaded
class KafkaOrderLog final : public OrderLog {
 public:
  // Opens nothing yet. All three outlive the log.
  KafkaOrderLog(const KafkaOptions& options, Inspector& inspector, const Clock& clock);
  ~KafkaOrderLog() override;  // Closes.
  KafkaOrderLog(const KafkaOrderLog&) = delete;
  KafkaOrderLog& operator=(const KafkaOrderLog&) = delete;

  // Starts the producer, which connects by itself; else the first append does. Settings that
  // librdkafka refuses are `invalid_argument`.
  Result<void> open();

  // A request larger than the whole queue is taken when nothing else waits. An order that was not
  // acknowledged within append_timeout: `unavailable` when nothing was sent, `timed_out` when it
  // may be in the log.
  void append(std::vector<Order> orders, Completion<void> done) override;
  // Each order in the partition of its user, with its original position as a header.
  Result<std::vector<LogPosition>> replay(const std::vector<ReplayedOrder>& orders) override;
  Result<LogPosition> append_erasure(const UserErasure& erasure) override;
  Result<std::map<LogPartition, LogOffset>> ends() override;

  // Refuses further appends with `cancelled`, waits for acknowledgements for at most close_timeout
  // and fails the rest: `cancelled` what was not sent, `timed_out` what was. May be called again,
  // by the same thread.
  void close();

  // Called with every producer as it is made, for tests that break one. Before open().
  void on_open(std::function<void(rd_kafka_t*)> observer) { observer_ = std::move(observer); }

 private:
  Result<std::shared_ptr<Producer>> open_producer() KONOMI_REQUIRES(mutex_);
  // Room in the queue for the request, which finish() gives back, and the producer to send it with.
  Result<ProducerInUse> reserve(const AppendRequest& request);
  bool replace_producer();
  void finish(std::vector<std::unique_ptr<AppendRequest>> requests);

  const KafkaOptions& options_;
  Inspector& inspector_;
  const Clock& clock_;
  std::function<void(rd_kafka_t*)> observer_;
  BlockingProducer replays_;

  Mutex mutex_;
  std::size_t unfinished_orders_ KONOMI_GUARDED_BY(mutex_) = 0;
  std::size_t unfinished_bytes_ KONOMI_GUARDED_BY(mutex_) = 0;
  bool closing_ KONOMI_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Producer> producer_ KONOMI_GUARDED_BY(mutex_);
  // Given up by librdkafka. They end by themselves; kept because none can wait for its own thread.
  std::vector<std::shared_ptr<Producer>> replaced_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::kafka
