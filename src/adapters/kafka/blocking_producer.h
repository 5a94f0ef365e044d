#pragma once

#include "adapters/kafka/client.h"
#include "adapters/kafka/handles.h"
#include "adapters/kafka/options.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "domain/ids.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::kafka {

struct OutgoingMessage {
  std::string_view key;  // Empty: none.
  std::string_view value;
  HeadersHandle headers;
  Timestamp timestamp;
  // Modulo how many the topic has; nothing: the one that the key belongs to.
  std::optional<LogPartition> partition;
};

// Writes to one topic, a few messages at a time, and waits until every replica that is in sync has
// them. For what is rare and must be known to be written; orders of tills go through Producer. Safe
// from every thread: one call at a time.
class BlockingProducer {
 public:
  // Opens nothing yet. `options` outlives the object.
  BlockingProducer(const KafkaOptions& options, std::string topic)
      : options_(options), topic_(std::move(topic)) {}

  // Where each message lies, in their order. Waits for at most append_timeout. An error says
  // whether some of them may have been written.
  Result<std::vector<LogPosition>> send(std::vector<OutgoingMessage> messages);

 private:
  struct Writer {
    std::unique_ptr<Client> client;
    QueueHandle reports;
    TopicHandle topic;
    std::uint32_t partitions = 0;
  };

  Result<void> open() KONOMI_REQUIRES(mutex_);
  Result<void> produce(OutgoingMessage& message, LogPosition& lies_at) KONOMI_REQUIRES(mutex_);
  // Receives `count` reports; the first error among them.
  std::optional<Error> take_reports(std::size_t count) KONOMI_REQUIRES(mutex_);

  const KafkaOptions& options_;
  const std::string topic_;

  Mutex mutex_;
  std::optional<Writer> writer_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::kafka
