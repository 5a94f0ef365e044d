#pragma once

#include "base/clock.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/ids.h"

#include <konomi_bridge.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::cassandra {

// A prepared statement, or none yet.
class Statement {
 public:
  Statement() : Statement(nullptr) {}
  explicit Statement(konomi_bridge_statement* handle)
      : handle_(handle, &konomi_bridge_statement_free) {}

  const konomi_bridge_statement* get() const { return handle_.get(); }

 private:
  using Handle = std::unique_ptr<konomi_bridge_statement, decltype(&konomi_bridge_statement_free)>;

  Handle handle_;
};

// Statements to run together, each followed by its values in the order of its markers:
//   requests.add(statement).integer(bucket).date(day);
// The statements outlive this object.
class Requests {
 public:
  // A statement of its own.
  Requests& add(const Statement& statement) { return begin(statement, false); }
  // In one unlogged batch with the statement before it; all of a batch write one partition.
  Requests& join(const Statement& statement) { return begin(statement, true); }
  // What `other` has at `index`, from the page on that `paging_state` stands for.
  void add_next_page(const Requests& other, std::size_t index, std::string_view paging_state);

  Requests& bigint(std::int64_t value);
  Requests& integer(std::int32_t value);
  Requests& tinyint(std::int8_t value);
  Requests& bytes(std::string_view value);  // A text or a blob.
  Requests& date(BusinessDay day);
  Requests& timestamp(Timestamp instant) { return bigint(instant.time_since_epoch().count()); }
  Requests& bucket(Bucket bucket) { return integer(static_cast<std::int32_t>(bucket.value())); }

  std::size_t size() const { return requests_.size(); }
  std::size_t batches() const { return batches_; }  // A statement of its own is one, too.
  bool empty() const { return requests_.empty(); }

 private:
  friend class PartitionedWrites;
  friend class Session;

  struct Request {
    const Statement* statement;
    std::size_t values_begin;
    bool joins_previous;
    std::string paging_state;
  };

  Requests& begin(const Statement& statement, bool joins_previous);
  void copy(const Requests& other, std::size_t index, bool joins_previous);
  std::string_view values_of(std::size_t index) const;

  std::vector<Request> requests_;
  std::string values_;  // All of them, as the bridge wants them.
  std::size_t batches_ = 0;
};

// Writes gathered by partition: what lands in one goes in batches, which costs a fifth of single
// statements.
class PartitionedWrites {
 public:
  // `partition` tells it from the other partitions of this object.
  Requests& add(const Statement& statement, const std::string& partition);

  // In batches of at most kBatchRowsMax rows and, but for a larger row, kBatchBytesMax bytes.
  Requests batches() const;

  static constexpr std::size_t kBatchRowsMax = 100;
  static constexpr std::size_t kBatchBytesMax = std::size_t{256} << 10;

 private:
  Requests rows_;
  std::map<std::string, std::vector<std::size_t>> rows_of_partitions_;
};

// A version as USING TIMESTAMP takes it. Beyond 2^63 - 1 nothing is ordered any more, so that
// stays.
std::int64_t timestamp_of(Version version);

}  // namespace konomi::cassandra
