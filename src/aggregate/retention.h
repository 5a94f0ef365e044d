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

// What leaves by its age alone: dead letters, and what the log holds of stored orders. Raw orders
// are the aggregator's, for their figures must be final first. For one thread.
class Retention {
 public:
  // Removes from the log what was logged before an instant and is stored; how many orders.
  using TrimLog = std::function<Result<std::uint64_t>(Timestamp before)>;

  // All of them outlive it.
  Retention(DeadLetters& dead_letters, TrimLog trim_log, Metrics& metrics, const Clock& clock,
            RetentionOptions options);

  // Removes what is too old by now: looks when a tenth of the shortest retention has passed, at
  // least once an hour. At most kLettersMax letters at a time. An error is logged when it is new,
  // and tried again.
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
  bool more_ = false;                         // Letters are left that are too old.
  std::map<std::string, ErrorCode> failing_;  // What, and how it last failed.
};

}  // namespace konomi::aggregate
