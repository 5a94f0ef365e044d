#pragma once

#include "base/clock.h"
#include "base/completion.h"
#include "base/result.h"
#include "base/trace.h"
#include "domain/ids.h"
#include "domain/order.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace konomi {

// An order that goes into the log once more.
struct ReplayedOrder {
  Order order;
  // Where the original record lies. It is the version the order is stored with, so that the order
  // takes the place it would have had, before all later corrections. Nothing: a new order.
  std::optional<LogPosition> original;
};

// That everything older of a user is to go (docs/design.md#erasure).
struct UserErasure {
  UserId user_id;

  friend bool operator==(const UserErasure&, const UserErasure&) = default;
};

inline constexpr std::size_t kReplayedOrdersMax = 1'000;

// Where orders wait between ingest and consume: an append-only log in partitions. Offsets count
// orders, and erasures among them, within a partition, from 0.
class OrderLog {
 public:
  // How much may have been appended and not be durable yet. Beyond either bound append() answers
  // `overloaded`; a request larger than a bound is taken when nothing else waits.
  struct Limits {
    std::size_t orders_in_flight_max = 200'000;
    std::size_t bytes_in_flight_max = std::size_t{64} << 20;  // As the log holds orders.
  };

  virtual ~OrderLog() = default;

  // Appends all orders of one request. Never blocks. `done` is called exactly once, on a thread of
  // the log:
  //   success        every order is durable (embedded: fsync; cluster: acks=all).
  //   overloaded     the log's queue is full; nothing was written. Answer 503 with Retry-After.
  //   storage_full   no room is left; nothing was written.
  //   unavailable    the log does not answer; see may_have_happened. Sending again is safe with
  //   timed_out      order ids.
  //   cancelled      the log is closing; nothing was written.
  // Orders of one user keep their order. They keep the calling thread's current_trace(). An empty
  // vector succeeds at once, possibly on the calling thread, as do refusals.
  virtual void append(std::vector<Order> orders, Completion<void> done) = 0;

  // Appends orders that were dead letters, each with its original position. Blocking. Success:
  // every order is durable, and where each of them lies, in their order. Errors are those of
  // append(); `timed_out` and may_have_happened as there. At most kReplayedOrdersMax of them.
  virtual Result<std::vector<LogPosition>> replay(const std::vector<ReplayedOrder>& orders) = 0;

  // Appends an erasure behind all earlier orders of its user, in their partition. Blocking.
  // Success: it is durable, and where it lies. Errors are those of append().
  virtual Result<LogPosition> append_erasure(const UserErasure& erasure) = 0;

  // The next offset of every partition: 0 when nothing was ever appended. Blocking.
  virtual Result<std::map<LogPartition, LogOffset>> ends() = 0;
};

// Why the log's reader could not turn a record into an order.
struct UnreadableRecord {
  std::string reason;  // As in DeadLetter.
  std::string message;
};

// A record as it lies in the log, byte for byte. The embedded log holds orders, not records: there
// it is what the cluster's log would hold.
struct RawRecord {
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;

  friend bool operator==(const RawRecord&, const RawRecord&) = default;
};

struct LogRecord {
  LogPosition position;
  Timestamp logged_at;
  std::variant<Order, UnreadableRecord, UserErasure> content;
  std::optional<LogPosition> original;  // Of a replay: the original record's place, if given.
  std::optional<TraceContext> trace;    // The appender's trace, as far as the log knows it.
};

// One consumer's reading of the log. Used by one thread.
class OrderLogReader {
 public:
  virtual ~OrderLogReader() = default;

  // Up to about `records_max` records (a record group is never split by an embedded log: up to one
  // group more), in offset order within each partition, starting at the stored watermarks. Waits up
  // to `wait` for the first one; empty when none came or on stop. With `records_max` 0 it only
  // waits, and keeps this reader's place in its consumer group: for a caller that cannot store for
  // now. `unavailable`, `timed_out`: call again. `corrupted`: the log was trimmed past the
  // watermark or its bytes are damaged; stop with an alarm.
  //
  // On a cluster the partitions are shared out among the readers of the consumer group, and change
  // hands within this call. What was handed out before may then be stored by two consumers, which
  // is the same as once.
  virtual Result<std::vector<LogRecord>> poll(std::size_t records_max,
                                              std::chrono::milliseconds wait,
                                              std::stop_token stop) = 0;

  // The bytes of a record that the last poll() for records handed out: few of them are ever asked
  // for. Polls for nothing in between do not matter.
  virtual Result<RawRecord> raw(const LogPosition& position) = 0;

  // The partitions of this reader that have been read as far as the log went when this was called,
  // each with the log's next offset at that moment. Asks the log every time, so that the answer is
  // right even for a reader that was suspended and has lost its partitions. Blocking.
  virtual Result<std::map<LogPartition, LogOffset>> read_to_end() = 0;

  // Tells the log that everything before these offsets is stored (cluster: commits the consumer
  // group's offsets; embedded: nothing to do, for the watermarks moved in the same atomic write as
  // the orders). Call only after OrderStore::put succeeded.
  virtual Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) = 0;
};

}  // namespace konomi
