#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/engine.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <thread>

namespace konomi::process {

// Asks the engine how far the log is read and whether it answers, on a thread of its own, for
// metrics that would otherwise wait for servers. A scrape wakes the thread and waits a moment for
// it; when the engine hangs the scrape says so (konomi_log_up, konomi_stores_up) and leaves out
// what it does not know.
class EngineWatch {
 public:
  struct Options {
    bool dead_letters = true;                     // Asks for those as well.
    std::chrono::milliseconds wait_max{200};      // Of a scrape.
    std::chrono::milliseconds answer_max{5'000};  // A question without an answer means: down.
  };

  // All of them outlive it.
  EngineWatch(OrderLog& log, OrderStore& orders, DeadLetters& letters, const Clock& clock,
              Options options);
  ~EngineWatch();  // Waits for the question that is being asked.

  // A source of metrics; see Metrics::collect_from().
  void collect(Samples& samples) KONOMI_EXCLUDES(mutex_);

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Letters {
    std::uint64_t waiting;
    std::optional<Timestamp> oldest;  // When it failed first.
  };
  struct Seen {
    Result<std::map<LogPartition, LogOffset>> ends;
    Result<std::map<LogPartition, Watermark>> watermarks;
    Result<Letters> letters;
  };

  void run(const std::stop_token& stop);
  Seen ask();
  Result<Letters> ask_letters();

  OrderLog& log_;
  OrderStore& orders_;
  DeadLetters& letters_;
  const Clock& clock_;
  const Options options_;

  Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ KONOMI_GUARDED_BY(mutex_) = false;
  bool wanted_ KONOMI_GUARDED_BY(mutex_) = false;
  std::optional<Time> asking_since_ KONOMI_GUARDED_BY(mutex_);
  std::uint64_t rounds_ KONOMI_GUARDED_BY(mutex_) = 0;
  std::optional<Seen> seen_ KONOMI_GUARDED_BY(mutex_);

  std::jthread thread_;
};

}  // namespace konomi::process
