#pragma once

#include "adapters/kafka/client.h"
#include "base/clock.h"
#include "encoding/order_record.h"
#include "ports/order_log.h"
#include "ports/order_store.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

namespace konomi::kafka {

// One member of the consumer group. Where it begins is said by the stored watermarks and by nothing
// else: the group's committed offsets are written for people and tools that watch the group's lag.
//
//   joined ─→ waiting ──(watermark and log agree)─→ reading ──→ gone (another reader has it)
//                └──────(the log lacks records)───→ stopped ──↗
class KafkaOrderLogReader final : public OrderLogReader {
 public:
  // Joins the group; partitions arrive while it is polled. All three outlive the reader. Errors are
  // those of settings: `invalid_argument`.
  static Result<std::unique_ptr<KafkaOrderLogReader>> open(const KafkaOptions& options,
                                                           OrderStore& store, const Clock& clock);
  // Leaves the group, so that others take over at once. Takes at most some seconds: when the
  // brokers hang the group finds out by itself.
  ~KafkaOrderLogReader() override;
  KafkaOrderLogReader(const KafkaOrderLogReader&) = delete;
  KafkaOrderLogReader& operator=(const KafkaOrderLogReader&) = delete;

  // `corrupted` is said once for each partition that this reader got and cannot read; polling again
  // reads the others. With `records_max` 0 nothing is fetched; what was read ahead is let go.
  //
  // A record's logged_at never goes back within a partition, whatever the brokers' clocks do.
  Result<std::vector<LogRecord>> poll(std::size_t records_max, std::chrono::milliseconds wait,
                                      std::stop_token stop) override;
  Result<RawRecord> raw(const LogPosition& position) override;
  Result<std::map<LogPartition, LogOffset>> read_to_end() override;
  // Does not wait for the brokers. A commit that comes to nothing is a line in the log.
  Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) override;

 private:
  struct Partition {
    enum class State {
      waiting,  // Ours, and not begun to read.
      reading,
      stopped,  // Ours, and cannot be read; poll() has said so.
    };
    State state = State::waiting;
    // The offset of the next record to hand out. Nothing: not known yet.
    std::optional<LogOffset> next_offset;
    // The log time of the last record that was handed out, or stored.
    Timestamp last_logged_at;
  };
  using TimePoint = std::chrono::steady_clock::time_point;

  KafkaOrderLogReader(const KafkaOptions& options, OrderStore& store, const Clock& clock);

  bool leave();
  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static void on_commit(rd_kafka_t* client, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t* offsets, void* opaque);
  static void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque);
  void take_over(const rd_kafka_topic_partition_list_t& partitions);
  void give_away(const rd_kafka_topic_partition_list_t& partitions);

  Result<void> fetch(std::size_t records_max, TimePoint until, const std::stop_token& stop);
  void rest(TimePoint until, const std::stop_token& stop);
  MessageHandle next_message(TimePoint until, const std::stop_token& stop);
  Result<void> begin_waiting();
  Result<void> check_start(LogPartition number, LogOffset start, LogOffset oldest, LogOffset end);
  Result<void> take(const rd_kafka_message_t& message);
  void take_record(const rd_kafka_message_t& message, Partition& partition);
  Error stop_reading(LogPartition number, Partition& partition, Error error);
  Result<void> check_client();
  void release(const std::vector<LogPartition>& numbers);
  void send_commit();

  const KafkaOptions& options_;
  OrderStore& store_;
  const Clock& clock_;
  encoding::OrderRecordReader record_reader_;
  std::unique_ptr<Client> client_;

  std::map<LogPartition, Partition> partitions_;  // That the group has given to this reader.
  bool settled_ = false;                 // The group has answered, or there is nothing to join.
  std::vector<LogRecord> polled_;        // By the poll that runs.
  std::vector<MessageHandle> messages_;  // Of the last poll for records, for raw().
  std::size_t next_raw_ = 0;
  Timestamp polled_at_;
  std::optional<Error> failure_;                     // For the next poll: this one brought records.
  std::optional<rd_kafka_resp_err_t> client_error_;  // The last one; perhaps over already.
  std::map<LogPartition, LogOffset> uncommitted_;
  bool committing_ = false;
};

}  // namespace konomi::kafka
