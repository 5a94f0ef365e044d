#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace konomi::access {

// Lets so many requests pass in a second, and up to a second's worth at once: the generic cell rate
// algorithm (ITU-T I.371), one number without a lock. Safe from every thread.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Nothing: it may pass, and is counted. Else how long until one may.
  std::optional<std::chrono::nanoseconds> try_pass(std::uint64_t per_second_max, Time now) {
    const std::int64_t cost = 1'000'000'000 / static_cast<std::int64_t>(per_second_max);
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t next = next_.load(std::memory_order_relaxed);
    while (true) {
      const std::int64_t begins = next < at ? at : next;
      const std::int64_t ahead = begins + cost - at;
      if (ahead > 1'000'000'000) return std::chrono::nanoseconds(ahead - 1'000'000'000);
      if (next_.compare_exchange_weak(next, begins + cost, std::memory_order_relaxed)) return {};
    }
  }

 private:
  // When, in nanoseconds of the steady clock, all that has passed so far would have been due.
  std::atomic<std::int64_t> next_ = 0;
};

}  // namespace konomi::access
