#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace konomi {

// Waits for `time` to pass, or for `stop`, whichever comes first. Returns whether stop was asked.
inline bool wait_or_stop(std::stop_token stop, std::chrono::milliseconds time) {
  // No other thread sees this lock: a condition variable needs it to listen to `stop`.
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
  return stop.stop_requested();
}

}  // namespace konomi
