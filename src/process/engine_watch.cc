#include "process/engine_watch.h"

#include <algorithm>
#include <string>
#include <utility>

namespace konomi::process {
namespace {

constexpr std::size_t kLettersReadMax = 1'000;  // To find the oldest.

Samples::Labels partition_label(LogPartition partition) {
  return {{"partition", std::to_string(partition.value())}};
}

template <class T>
Check check_of(std::string_view name, const Pulse<T>& pulse) {
  const Result<T> last = pulse.last();
  return {.name = name, .outcome = last ? Result<void>() : std::unexpected(last.error())};
}

}  // namespace

EngineWatch::EngineWatch(OrderLog& log, OrderStore& orders, DeadLetters& letters,
                         const Clock& clock, const Options& options)
    : clock_(clock),
      options_(options),
      log_([&log] { return log.ends(); }, times(options.needs_log)),
      stores_([&orders] { return orders.watermarks(); }, times(options.needs_stores)) {
  if (!options.dead_letters) return;
  const auto ask = [&letters]() -> Result<Letters> {
    Letters seen;
    KONOMI_TRY(seen.waiting, letters.count_waiting());
    if (seen.waiting == 0) return seen;
    KONOMI_TRY(const auto first, letters.list(nullptr, kLettersReadMax, LetterState::waiting));
    for (const DeadLetter& letter : first)
      seen.oldest = std::min(seen.oldest.value_or(letter.failed_at), letter.failed_at);
    return seen;
  };
  letters_.emplace(ask, times(false));
}

PulseTimes EngineWatch::times(bool is_needed) const {
  PulseTimes times{.answer_within = options_.answer_max};
  if (!is_needed) times.every.reset();
  return times;
}

std::vector<Check> EngineWatch::checks() const {
  std::vector<Check> checks;
  if (options_.needs_log) checks.push_back(check_of("log", log_));
  if (options_.needs_stores) checks.push_back(check_of("stores", stores_));
  return checks;
}

void EngineWatch::collect(Samples& samples) {
  ask_again();
  const auto ends = log_.last();
  const auto watermarks = stores_.last();
  if (log_.knows()) samples.gauge("konomi_log_up", "Whether the order log answers", ends ? 1 : 0);
  if (stores_.knows())
    samples.gauge("konomi_stores_up", "Whether the stores answer", watermarks ? 1 : 0);
  if (watermarks) collect_watermarks(samples, *watermarks);
  if (watermarks && ends) collect_lag(samples, *ends, *watermarks);
  if (!letters_) return;
  if (const auto letters = letters_->last()) collect_letters(samples, *letters);
}

// All at once, so that what hangs does not take the time of the others.
void EngineWatch::ask_again() {
  const auto until = std::chrono::steady_clock::now() + options_.wait_max;
  const std::uint64_t of_log = log_.ask_again();
  const std::uint64_t of_stores = stores_.ask_again();
  const std::uint64_t of_letters = letters_ ? letters_->ask_again() : 0;
  log_.wait_for(of_log, until);
  stores_.wait_for(of_stores, until);
  if (letters_) letters_->wait_for(of_letters, until);
}

void EngineWatch::collect_watermarks(Samples& samples, const Watermarks& watermarks) const {
  for (const auto& [partition, watermark] : watermarks) {
    samples.gauge("konomi_consume_watermark_offset",
                  "The offset before which every record is stored",
                  static_cast<double>(watermark.next_offset.value()), partition_label(partition));
    samples.gauge("konomi_consume_stored_up_to_timestamp_seconds",
                  "The log time up to which every record is stored, since 1970",
                  std::chrono::duration<double>(watermark.stored_up_to.time_since_epoch()).count(),
                  partition_label(partition));
  }
}

// The log and the stores are asked at the same time, so a partition may seem to be read further
// than it goes: then nothing waits.
void EngineWatch::collect_lag(Samples& samples, const Ends& ends,
                              const Watermarks& watermarks) const {
  for (const auto& [partition, end] : ends) {
    const auto stored = watermarks.find(partition);
    const bool is_known = stored != watermarks.end();
    const Watermark watermark = is_known ? stored->second : Watermark{};
    const std::uint64_t next = watermark.next_offset.value();
    const std::uint64_t lag = end.value() > next ? end.value() - next : 0;
    samples.gauge("konomi_consume_lag_records", "Records in the log that are not stored yet",
                  static_cast<double>(lag), partition_label(partition));
    if (lag == 0 || is_known) {
      samples.gauge(
          "konomi_consume_lag_seconds", "Age of what was stored last; 0 when everything is stored",
          lag == 0 ? 0 : seconds_since(watermark.stored_up_to), partition_label(partition));
    }
  }
}

void EngineWatch::collect_letters(Samples& samples, const Letters& letters) const {
  samples.gauge("konomi_dead_letters_waiting", "Dead letters that nobody has decided about",
                static_cast<double>(letters.waiting));
  samples.gauge("konomi_dead_letters_oldest_waiting_seconds",
                "Since when the oldest of the first thousand dead letters waits; 0: none does",
                letters.oldest ? seconds_since(*letters.oldest) : 0);
}

double EngineWatch::seconds_since(Timestamp then) const {
  return std::chrono::duration<double>(std::max(std::chrono::milliseconds(0), clock_.now() - then))
      .count();
}

void EngineWatch::stop() {
  log_.stop();
  stores_.stop();
  if (letters_) letters_->stop();
}

}  // namespace konomi::process
