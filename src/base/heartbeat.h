#pragma once

#include <atomic>
#include <chrono>

namespace konomi {

// Says that work goes on: whoever works beats now and then, whoever supervises asks for how long
// nothing was heard. Safe from every thread.
class Heartbeat {
 public:
  using Clock = std::chrono::steady_clock;

  void beat() { at_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed); }

  // Since the last beat; before the first one, since this object was made.
  std::chrono::milliseconds silence() const {
    const Clock::time_point at{Clock::duration(at_.load(std::memory_order_relaxed))};
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - at);
  }

 private:
  std::atomic<Clock::rep> at_{Clock::now().time_since_epoch().count()};
};

}  // namespace konomi
