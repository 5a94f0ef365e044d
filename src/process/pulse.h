#pragma once

#include "base/mutex.h"
#include "base/result.h"

#include <chrono>
#include <functional>
#include <optional>
#include <thread>

namespace konomi::process {

struct PulseTimes {
  std::chrono::milliseconds every{2'000};          // Between the end of one question and the next.
  std::chrono::milliseconds answer_within{5'000};  // A question that waits longer counts as failed.
};

// Asks something that may hang, again and again on a thread of its own, so that whoever wants to
// know whether it works is told at once.
class Pulse {
 public:
  using Ask = std::function<Result<void>()>;

  // `ask` is quick or blocks; what it refers to outlives stop().
  explicit Pulse(Ask ask, PulseTimes times = {});
  ~Pulse();  // Stops.
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // What the last question came to; an error while nothing has been answered yet, or while the
  // question that is asked now waits too long. Never blocks. From every thread.
  Result<void> last() const;

  // Asks no more; waits for the question that is being asked.
  void stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void run(const std::stop_token& stop);

  const Ask ask_;
  const PulseTimes times_;

  mutable Mutex mutex_;
  std::optional<Result<void>> last_ KONOMI_GUARDED_BY(mutex_);
  std::optional<SteadyTime> asked_at_ KONOMI_GUARDED_BY(mutex_);  // While a question waits.

  std::jthread thread_;
};

}  // namespace konomi::process
