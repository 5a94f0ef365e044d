#include "aggregate/retention.h"

#include "base/log.h"
#include "domain/timestamp.h"

#include <algorithm>
#include <utility>

namespace konomi::aggregate {
namespace {

using std::chrono::milliseconds;

milliseconds time_between_looks(const RetentionOptions& options) {
  milliseconds every = std::chrono::hours(1);
  for (const milliseconds kept : {options.dead_letters, options.log}) {
    if (kept.count() > 0) every = std::min(every, kept / 10);
  }
  return std::max(every, milliseconds(1'000));
}

}  // namespace

Retention::Retention(DeadLetters& dead_letters, TrimLog trim_log, Metrics& metrics,
                     const Clock& clock, RetentionOptions options)
    : dead_letters_(dead_letters),
      trim_log_(std::move(trim_log)),
      clock_(clock),
      options_(options),
      letters_(metrics.counter("konomi_retention_dead_letters_total",
                               "Dead letters that left by retention_dead_letters")),
      log_orders_(metrics.counter("konomi_retention_log_orders_total",
                                  "Orders that left the embedded log by retention_log")) {}

void Retention::tick() {
  if (options_.dead_letters.count() == 0 && options_.log.count() == 0) return;
  const Timestamp now = clock_.now();
  const bool is_early =
      looked_at_ && now >= *looked_at_ && now - *looked_at_ < time_between_looks(options_);
  if (is_early && !more_) return;
  looked_at_ = now;
  if (options_.dead_letters.count() > 0) note("dead letters", expire_letters(now));
  if (options_.log.count() > 0) note("the log", trim_log(now));
}

Result<void> Retention::expire_letters(Timestamp now) {
  more_ = false;
  const Timestamp before = now - options_.dead_letters;
  KONOMI_TRY(const std::uint64_t expired, dead_letters_.expire(before, kLettersMax));
  if (expired == 0) return {};
  more_ = expired == kLettersMax;
  letters_.Increment(static_cast<double>(expired));
  log_info("{} dead letters from before {} have left (retention_dead_letters)", expired,
           to_rfc3339(before));
  return {};
}

Result<void> Retention::trim_log(Timestamp now) {
  const Timestamp before = now - options_.log;
  KONOMI_TRY(const std::uint64_t orders, trim_log_(before));
  if (orders == 0) return {};
  log_orders_.Increment(static_cast<double>(orders));
  log_info("{} orders logged before {} have left the log (retention_log)", orders,
           to_rfc3339(before));
  return {};
}

void Retention::note(const char* what, const Result<void>& outcome) {
  if (outcome) {
    if (failing_.erase(what) > 0) log_info("retention of {} goes on", what);
    return;
  }
  const auto [known, is_new] = failing_.try_emplace(what, outcome.error().code);
  if (is_new || known->second != outcome.error().code)
    log_warning("retention of {} failed: {}; trying again", what, outcome.error().message);
  known->second = outcome.error().code;
}

}  // namespace konomi::aggregate
