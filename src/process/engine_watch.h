#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "process/check.h"
#include "process/pulse.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace konomi::process {

// Asks the log, the stores and the dead letters, each on a thread of its own, whether they answer
// and how far the log is read. /readyz and the metrics tell the same answers. /readyz takes the
// last one; a scrape has them asked anew and waits a moment. When the engine hangs both say so, and
// a scrape leaves out what it does not know.
class EngineWatch {
 public:
  struct Options {
    // What /readyz shows is asked all the time, and not only for a scrape.
    bool needs_log = false;
    bool needs_stores = false;
    bool dead_letters = true;                     // Asks for those as well.
    std::chrono::milliseconds wait_max{200};      // How long a scrape waits.
    std::chrono::milliseconds answer_max{5'000};  // A question without an answer means: down.
  };

  // Everything passed in outlives the object.
  EngineWatch(OrderLog& log, OrderStore& orders, DeadLetters& letters, const Clock& clock,
              const Options& options);

  // "log" and "stores", as far as they are needed. Quick, whatever hangs. From every thread.
  std::vector<Check> checks() const;

  // A source of metrics; see Metrics::collect_from().
  void collect(Samples& samples);

  // Asks no more; waits for the questions that are being asked. May be called again.
  void stop();

 private:
  using Ends = std::map<LogPartition, LogOffset>;
  using Watermarks = std::map<LogPartition, Watermark>;
  struct Letters {
    std::uint64_t waiting = 0;
    std::optional<Timestamp> oldest;  // When it failed first.
  };

  PulseTimes times(bool is_needed) const;
  void ask_again();
  void collect_watermarks(Samples& samples, const Watermarks& watermarks) const;
  void collect_lag(Samples& samples, const Ends& ends, const Watermarks& watermarks) const;
  void collect_letters(Samples& samples, const Letters& letters) const;
  double seconds_since(Timestamp then) const;

  const Clock& clock_;
  const Options options_;

  Pulse<Ends> log_;
  Pulse<Watermarks> stores_;
  std::optional<Pulse<Letters>> letters_;
};

}  // namespace konomi::process
