#pragma once

#include "base/heartbeat.h"
#include "base/mutex.h"
#include "base/result.h"

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

namespace konomi::process {

// The thread of a role that works by itself. Whatever escapes the role is our own mistake: the
// process stays, so that orders are still taken, and says that it is not ready.
class StepThread {
 public:
  // Works until it is asked to stop; an error is one that an operator must act on.
  using Run = std::function<Result<void>(std::stop_token)>;

  // Runs at once. `name` is a literal; `heartbeat`, which beats with every step, and what `run`
  // refers to outlive stop().
  StepThread(const char* name, const Heartbeat& heartbeat, Run run);
  ~StepThread();  // Stops.
  StepThread(const StepThread&) = delete;
  StepThread& operator=(const StepThread&) = delete;

  const char* name() const { return name_; }

  // Whether it runs and made a step within `silence_max`. From every thread.
  Result<void> works(std::chrono::milliseconds silence_max) const KONOMI_EXCLUDES(mutex_);

  // The same, but fine when it has ended by itself: a restart would not mend what ended it.
  Result<void> makes_steps_or_ended(std::chrono::milliseconds silence_max) const
      KONOMI_EXCLUDES(mutex_);

  // Waits for the step that is being made. May be called again.
  void stop();

 private:
  void run(const Run& run, std::stop_token stop) KONOMI_EXCLUDES(mutex_);

  const char* const name_;
  const Heartbeat& heartbeat_;

  mutable Mutex mutex_;
  std::optional<Error> ended_ KONOMI_GUARDED_BY(mutex_);  // By itself.

  std::jthread thread_;
};

}  // namespace konomi::process
