#pragma once

#include "adapters/kafka/client.h"
#include "adapters/kafka/letter_index.h"
#include "adapters/kafka/offsets.h"
#include "base/mutex.h"
#include "ports/dead_letters.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace konomi::kafka {

// Dead letters as records of the topic "<topic>.dlq", in the partition with the number of their own
// (modulo how many it has). A record is the original one, byte for byte: key, value and headers in
// their order; behind them stand Kafka Connect's headers for such topics ("__connect.errors.topic"
// and so on, as texts), and konomi.reason, konomi.logged_at and konomi.failed_at (milliseconds
// since 1970). A key that is empty is none.
//
// A consumer that is killed writes its letters again: of the records of one position the first
// counts. list() and count() keep an index of the topic, which holds 24 bytes for each letter, and
// read only what is new.
class KafkaDeadLetters final : public DeadLetters {
 public:
  // Opens nothing yet. Both outlive this object.
  KafkaDeadLetters(const KafkaOptions& options, Inspector& inspector);

  // Waits for every replica that is in sync, for at most append_timeout.
  Result<void> put(const std::vector<DeadLetter>& letters) override;
  Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max) override;
  Result<std::uint64_t> count() override;

 private:
  struct Writer {
    std::unique_ptr<Client> client;
    QueueHandle reports;
    TopicHandle topic;
    std::uint32_t partitions = 0;
  };

  Result<void> open_writer() KONOMI_REQUIRES(put_mutex_);
  Result<void> send(const DeadLetter& letter) KONOMI_REQUIRES(put_mutex_);
  // Receives `count` reports; the first error among them.
  std::optional<Error> take_reports(std::size_t count) KONOMI_REQUIRES(put_mutex_);
  Result<void> refresh() KONOMI_REQUIRES(read_mutex_);

  const KafkaOptions& options_;
  Inspector& inspector_;
  const std::string topic_;

  Mutex put_mutex_;
  std::optional<Writer> writer_ KONOMI_GUARDED_BY(put_mutex_);

  Mutex read_mutex_;
  LetterIndex index_ KONOMI_GUARDED_BY(read_mutex_);
};

}  // namespace konomi::kafka
