#pragma once

#include "adapters/kafka/client.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "domain/ids.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace konomi::kafka {

// Where a topic's partitions begin and end now. `oldest` is the first offset that is still there,
// `end` the one the next record gets.
struct LogBounds {
  LogOffset oldest;
  LogOffset end;
};

// How many partitions a topic has; `unavailable` with the remedy when there is no such topic.
Result<std::uint32_t> count_partitions(rd_kafka_t* client, const std::string& topic,
                                       std::chrono::milliseconds timeout);

// All in one request to each broker. Fails when one of the partitions does not answer.
Result<std::map<LogPartition, LogOffset>> query_ends(rd_kafka_t* client, const std::string& topic,
                                                     const std::vector<LogPartition>& partitions,
                                                     std::chrono::milliseconds timeout);
Result<std::map<LogPartition, LogBounds>> query_bounds(rd_kafka_t* client, const std::string& topic,
                                                       const std::vector<LogPartition>& partitions,
                                                       std::chrono::milliseconds timeout);

// Deletes the records before the first one of this time or later, in every partition. What is
// written meanwhile stays.
Result<void> delete_before(rd_kafka_t* client, const std::string& topic, Timestamp before,
                           std::chrono::milliseconds timeout);

// 0, 1, …, count - 1.
std::vector<LogPartition> partitions_up_to(std::uint32_t count);

// A client that belongs to no group and writes nothing, opened when it is first asked for. Safe
// from every thread.
class Inspector {
 public:
  explicit Inspector(const KafkaOptions& options) : options_(options) {}

  // As Client::open(). The handle lives as long as this object.
  Result<rd_kafka_t*> handle();

 private:
  const KafkaOptions& options_;

  Mutex mutex_;
  std::unique_ptr<Client> client_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::kafka
