#pragma once

#include "adapters/kafka/blocking_producer.h"
#include "adapters/kafka/letter_index.h"
#include "adapters/kafka/offsets.h"
#include "base/mutex.h"
#include "ports/dead_letters.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace konomi::kafka {

// Dead letters as records of the topic "<topic>.dlq", in the partition with the number of their own
// (modulo how many it has). A record is the original one, byte for byte: key, value and headers in
// their order; behind them stand Kafka Connect's headers for such topics ("__connect.errors.topic"
// and so on, as texts), and konomi.reason, konomi.logged_at and konomi.failed_at (milliseconds
// since 1970). A key that is empty is none.
//
// What happens to a letter is a record of "<topic>.dlq.history", so that whoever reads
// "<topic>.dlq" gets dead letters and nothing else. Its key is the letter, its value
// encoding/letter_event_json.h.
//
// An erased letter is one with an event that says so: its record stays until the topic's retention,
// and is nobody's to see.
//
// A consumer that is killed writes its letters again: of the records of one position the first
// counts. An index of both topics is kept, and only what is new is read.
class KafkaDeadLetters final : public DeadLetters {
 public:
  // Opens nothing yet. Both outlive this object.
  KafkaDeadLetters(const KafkaOptions& options, Inspector& inspector);

  // Both wait for every replica that is in sync, for at most append_timeout.
  Result<void> put(const std::vector<DeadLetter>& letters) override;
  Result<void> add(const std::vector<LetterEvent>& events) override;
  Result<std::uint64_t> erase(const UserId& user_id, const LogPosition& position,
                              Timestamp at) override;
  Result<std::uint64_t> expire(Timestamp before, std::size_t letters_max) override;
  Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max,
                                       std::optional<LetterState> state) override;
  Result<std::optional<DeadLetter>> find(const LogPosition& position) override;
  Result<std::uint64_t> count_waiting() override;

 private:
  Result<void> refresh() KONOMI_REQUIRES(mutex_);
  Result<void> refresh_letters(rd_kafka_t* client) KONOMI_REQUIRES(mutex_);
  Result<void> refresh_histories(rd_kafka_t* client) KONOMI_REQUIRES(mutex_);
  Result<std::vector<DeadLetter>> read(const std::vector<LetterIndex::Entry>& entries);

  const KafkaOptions& options_;
  Inspector& inspector_;
  const std::string topic_;
  const std::string history_topic_;
  BlockingProducer letters_;
  BlockingProducer histories_;

  Mutex mutex_;
  LetterIndex index_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::kafka
