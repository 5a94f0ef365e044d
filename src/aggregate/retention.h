#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ports/dead_letters.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace konomi::aggregate {

struct RetentionOptions {
  std::chrono::milliseconds dead_letters{0};  // 0: for ever.
  std::chrono::milliseconds log{0};           // 0: for ever.
};

// Removes what leaves by age alone: dead letters, and log records that are stored. Raw orders are
// removed by the aggregator, because their figures must be final first. Used by one thread.
class Retention {
 public:
  // Removes from the log what was logged before an instant and is stored; returns the number of
  // orders.
  using TrimLog = std::function<Result<std::uint64_t>(Timestamp before)>;

  // Everything passed in outlives the object.
  Retention(DeadLetters& dead_letters, TrimLog trim_log, Metrics& metrics, const Clock& clock,
            RetentionOptions options);

  // Removes what has become too old, at most kLettersMax letters at a time. Looks whenever a tenth
  // of the shortest retention has passed, and at least once an hour. A new error is logged, and the
  // removal is tried again.
  void tick();

  static constexpr std::size_t kLettersMax = 10'000;

 private:
  Result<void> expire_letters(Timestamp now);
  Result<void> trim_log(Timestamp now);
  void note(const char* what, const Result<void>& outcome);

  DeadLetters& dead_letters_;
  const TrimLog trim_log_;
  const Clock& clock_;
  const RetentionOptions options_;
  prometheus::Counter& letters_;
  prometheus::Counter& log_orders_;

  std::optional<Timestamp> looked_at_;
  bool more_ = false;                         // Whether letters remain that are too old.
  std::map<std::string, ErrorCode> failing_;  // By what was tried: the last error.
};

}  // namespace konomi::aggregate
