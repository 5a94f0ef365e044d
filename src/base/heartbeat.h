#pragma once

#include <atomic>
#include <chrono>

namespace konomi {

// Shows that work goes on. The worker beats now and then, and a supervisor asks how long ago the
// last beat was. Safe from every thread.
class Heartbeat {
 public:
  using Clock = std::chrono::steady_clock;

  void beat() { at_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed); }

  // The time since the last beat, or since this object was made when there was none.
  std::chrono::milliseconds silence() const {
    const Clock::time_point at{Clock::duration(at_.load(std::memory_order_relaxed))};
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - at);
  }

 private:
  std::atomic<Clock::rep> at_{Clock::now().time_since_epoch().count()};
};

}  // namespace konomi
