#pragma once

#include "base/clock.h"
#include "base/heartbeat.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/trace.h"
#include "consume/sorting.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/settings_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::consume {

struct ConsumerOptions {
  std::size_t records_max = 5'000;  // A poll: what is in memory at a time.
  std::chrono::milliseconds poll_wait{500};
  UnknownMenuTypes unknown_menu_types = UnknownMenuTypes::accept;
  std::size_t menu_types_max = kMenuTypesMaxDefault;
  // When more than this share of a batch is refused for one reason, the cause is taken for an
  // outage, a wrong setting or another program's mistake: the batch is held and judged again until
  // the cause is removed, before any dead letter is written. 100: never.
  std::uint64_t poison_percent_max = 50;
  std::size_t poison_records_min = 20;  // A smaller batch is never held.
  // Waits between attempts: from the first one doubling up to the longest, less up to a half, so
  // that many consumers do not come back at the same moment.
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_max{10'000};
  std::uint64_t retry_seed = 0;
  Tracer* tracer = nullptr;  // Makes a span for each batch; null: none. Outlives the consumer.
  // While no orders come, the watermarks record at most this often that the log is read to its end.
  std::chrono::milliseconds idle_write_every{5'000};
};

// Where the consumer works: everything outlives it.
struct ConsumerPorts {
  OrderLogReader& reader;
  OrderStore& orders;
  DeadLetters& dead_letters;
  SettingsStore& settings;
};

struct ConsumerStatus {
  enum class State {
    running,
    retrying,  // The last attempt failed, or most records of a batch fail alike; it is repeated,
               // and orders wait in the log.
    stopped,   // An error that repeating cannot mend: an operator must act. Orders wait in the log.
  };
  State state = State::running;
  std::optional<Error> last_error;  // Why the last attempt failed, or why the consumer stopped.
};

std::string_view name_of(ConsumerStatus::State state);  // "running", "retrying", "stopped"

// Moves orders from the log to the order store (docs/design.md#the-way-of-an-order). A record is
// passed only when it is stored or a dead letter: a batch that failed is written again, whole,
// before anything else is read. An erasure is carried out when all records before it are stored
// (docs/design.md#erasure). Older orders of the user that come later, replayed or delivered again,
// are passed by. One thread steps or runs it; status() is safe from every thread.
class Consumer {
 public:
  Consumer(ConsumerPorts ports, const BusinessCalendar& calendar, BucketCount bucket_count,
           Metrics& metrics, const Clock& clock, ConsumerOptions options = {});

  // Polls once and stores once; returns the number of records passed. On an error the batch is
  // kept, and the next step writes it again; every such write is the same as once. The errors are
  // those of the ports; is_transient() tells which of them to repeat.
  Result<std::size_t> step(std::stop_token stop);

  // Steps until `stop`, and then succeeds. Repeats transient failures for ever; any other error
  // ends it, and the log or a store needs an operator.
  Result<void> run(std::stop_token stop);

  ConsumerStatus status() const;

  // Beats with every step of run() and every attempt, failed or not.
  const Heartbeat& heartbeat() const { return heartbeat_; }

 private:
  Result<void> load();
  Result<void> learn_types();
  Result<void> learn_erasures();
  Result<void> learn_expiry();
  bool is_erased(const LogRecord& record) const;
  bool is_of_expired_day(const LogRecord& record) const;
  bool is_redelivered(const LogRecord& record) const;
  std::optional<PassedBy> passed_by(const LogRecord& record) const;
  Result<void> sort();
  Result<void> erase(const ErasureOrder& erasure);
  Result<Judgement> judge();
  void begin_span();
  Result<void> check_share(const Judgement& judgement);
  Result<void> write(const SortedRecords& sorted);
  Result<void> note_end_of_log(Timestamp asked_at, const std::stop_token& stop);
  void note_written(const SortedRecords& sorted);
  void note_failure(const Error& error);
  void note_success();
  void show_retrying(std::string reason);
  void wait_to_retry(const std::stop_token& stop);
  std::chrono::milliseconds next_retry_wait();

  ConsumerPorts ports_;
  const BusinessCalendar& calendar_;
  const BucketCount bucket_count_;
  const Clock& clock_;
  const ConsumerOptions options_;
  Metrics& metrics_;
  prometheus::Counter& orders_stored_;
  prometheus::Histogram& batch_seconds_;
  prometheus::Counter& orders_erased_;
  prometheus::Counter& orders_redelivered_;
  prometheus::Counter& erasures_;

  Heartbeat heartbeat_;

  // Only for the stepping thread.
  bool loaded_ = false;
  KnownMenuTypes known_;
  std::map<LogPartition, Watermark> watermarks_;  // As this consumer last knew them.
  std::vector<LogRecord> polled_;                 // Not yet sorted; kept while they are held.
  std::vector<LogRecord> waiting_;                // Polled with them, from the first erasure on.
  // The known erasures of the buckets that records came for, by the user's digest.
  std::map<Bucket, std::map<UserDigest, LogPosition>> erased_;
  std::optional<TooOld> too_old_;        // Read after the records of the batch.
  std::optional<SortedRecords> sorted_;  // Not yet written.
  std::optional<Timestamp> idle_written_at_;
  Span span_;                 // The batch's, its repetitions included.
  std::string held_for_;      // The reason that most of polled_ is refused for.
  std::string retrying_for_;  // As the metric says it; empty: it does not.
  int attempts_failed_ = 0;
  std::minstd_rand random_;

  mutable Mutex mutex_;
  ConsumerStatus status_ KONOMI_GUARDED_BY(mutex_);
};

// Whether doing the same again, later, can succeed without a person.
bool is_transient(ErrorCode code);

}  // namespace konomi::consume
