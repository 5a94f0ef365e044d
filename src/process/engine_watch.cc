#include "process/engine_watch.h"

#include <algorithm>
#include <string>
#include <utility>

namespace konomi::process {
namespace {

constexpr std::size_t kLettersReadMax = 1'000;  // To find the oldest.

}  // namespace

EngineWatch::EngineWatch(OrderLog& log, OrderStore& orders, DeadLetters& letters,
                         const Clock& clock, Options options)
    : log_(log),
      orders_(orders),
      letters_(letters),
      clock_(clock),
      options_(options),
      thread_([this](std::stop_token stop) { run(stop); }) {}

EngineWatch::~EngineWatch() {
  thread_.request_stop();
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void EngineWatch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(mutex_);
      while (!wanted_ && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      wanted_ = false;
      asking_since_ = std::chrono::steady_clock::now();
    }
    Seen seen = ask();
    const MutexLock lock(mutex_);
    seen_ = std::move(seen);
    asking_since_.reset();
    ++rounds_;
    changed_.notify_all();
  }
}

EngineWatch::Seen EngineWatch::ask() {
  // The watermarks first, so that no partition seems to be read further than it goes.
  Seen seen;
  seen.watermarks = orders_.watermarks();
  seen.ends = log_.ends();
  if (options_.dead_letters) seen.letters = ask_letters();
  return seen;
}

Result<EngineWatch::Letters> EngineWatch::ask_letters() {
  Letters letters{};
  KONOMI_TRY(letters.waiting, letters_.count_waiting());
  if (letters.waiting == 0) return letters;
  KONOMI_TRY(const auto first, letters_.list(nullptr, kLettersReadMax, LetterState::waiting));
  for (const DeadLetter& letter : first)
    letters.oldest = std::min(letters.oldest.value_or(letter.failed_at), letter.failed_at);
  return letters;
}

void EngineWatch::collect(Samples& samples) {
  const auto now = std::chrono::steady_clock::now();
  const auto until = now + options_.wait_max;
  const MutexLock lock(mutex_);
  // What is being asked may have been asked before this scrape: then one round more.
  const std::uint64_t enough = rounds_ + 1 + (asking_since_ ? 1 : 0);
  wanted_ = true;
  changed_.notify_all();
  while (rounds_ < enough && !stopping_) {
    if (!changed_.wait_until(mutex_, until)) break;
  }
  const bool hangs =
      asking_since_ && std::chrono::steady_clock::now() - *asking_since_ >= options_.answer_max;
  const auto up = [&](const char* name, const char* help, bool answered) {
    samples.gauge(name, help, answered && !hangs ? 1 : 0);
  };
  if (!seen_ && !hangs) return;  // Asked for the first time, and not late yet.
  up("konomi_log_up", "Whether the order log answers", seen_ && seen_->ends);
  up("konomi_stores_up", "Whether the stores answer", seen_ && seen_->watermarks);
  if (!seen_ || hangs || !seen_->watermarks) return;
  const Timestamp at = clock_.now();
  const auto seconds_since = [&](Timestamp then) {
    return std::chrono::duration<double>(std::max(std::chrono::milliseconds(0), at - then)).count();
  };
  for (const auto& [partition, watermark] : *seen_->watermarks) {
    const Samples::Labels labels{{"partition", std::to_string(partition.value())}};
    samples.gauge("konomi_consume_watermark_offset",
                  "The offset before which every record is stored",
                  static_cast<double>(watermark.next_offset.value()), labels);
    samples.gauge("konomi_consume_stored_up_to_timestamp_seconds",
                  "The log time up to which every record is stored, since 1970",
                  std::chrono::duration<double>(watermark.stored_up_to.time_since_epoch()).count(),
                  labels);
  }
  if (seen_->ends) {
    for (const auto& [partition, end] : *seen_->ends) {
      const auto stored = seen_->watermarks->find(partition);
      const Watermark watermark = stored == seen_->watermarks->end() ? Watermark{} : stored->second;
      const std::uint64_t next = watermark.next_offset.value();
      const std::uint64_t lag = end.value() > next ? end.value() - next : 0;
      const bool is_known = stored != seen_->watermarks->end();
      const Samples::Labels labels{{"partition", std::to_string(partition.value())}};
      samples.gauge("konomi_consume_lag_records", "Records in the log that are not stored yet",
                    static_cast<double>(lag), labels);
      if (lag == 0 || is_known) {
        samples.gauge("konomi_consume_lag_seconds",
                      "Age of what was stored last; 0 when everything is stored",
                      lag == 0 ? 0 : seconds_since(watermark.stored_up_to), labels);
      }
    }
  }
  if (!options_.dead_letters || !seen_->letters) return;
  samples.gauge("konomi_dead_letters_waiting", "Dead letters that nobody has decided about",
                static_cast<double>(seen_->letters->waiting));
  samples.gauge("konomi_dead_letters_oldest_waiting_seconds",
                "Since when the oldest of the first thousand dead letters waits; 0: none does",
                seen_->letters->oldest ? seconds_since(*seen_->letters->oldest) : 0);
}

}  // namespace konomi::process
