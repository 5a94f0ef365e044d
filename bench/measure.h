#pragma once

#include "base/mutex.h"
#include "base/result.h"
#include "domain/order.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

// What the benchmark programs share. They end with the first error.
namespace konomi::bench {

using SteadyClock = std::chrono::steady_clock;

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}: {}\n", name_of(result.error().code), result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Of all threads: on a busy machine it says more than the time that passed.
inline double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Rate {
  double per_second = 0;
  double cpu_nanoseconds = 0;  // For each.
};

// From its making to rate_of().
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(SteadyClock::now() - begin_).count();
  }
  Rate rate_of(std::size_t count) const {
    const auto each = static_cast<double>(count);
    return {.per_second = each / seconds(),
            .cpu_nanoseconds = (cpu_seconds() - cpu_begin_) * 1e9 / each};
  }

 private:
  const SteadyClock::time_point begin_ = SteadyClock::now();
  const double cpu_begin_ = cpu_seconds();
};

// As they come from tills, all on 2025-05-31 in Tokyo: users in no order, ids of 36 bytes. The
// same numbers make the same orders.
inline std::vector<Order> sample_orders(std::size_t count, std::size_t users) {
  constexpr Timestamp kMidnight{std::chrono::milliseconds(1'748'617'200'000)};
  constexpr std::size_t kDayMilliseconds = 86'400'000;
  std::mt19937_64 random(1);
  const std::array types = {MenuType("washoku"), MenuType("yoshoku"), MenuType("chuka")};
  std::vector<Order> orders;
  orders.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    orders.push_back(
        {.user_id = UserId(fmt::format("user{}", random() % users)),
         .order_id = OrderId(fmt::format("01990000-0000-7000-8000-{:012x}", i)),
         .ordered_at = kMidnight + std::chrono::milliseconds(i * kDayMilliseconds / count),
         .menu_type = types[random() % types.size()]});
  }
  return orders;
}

// Lets appends through as long as few enough orders wait.
class Window {
 public:
  explicit Window(std::size_t orders_max) : orders_max_(orders_max) {}

  void enter(std::size_t orders) {
    const MutexLock lock(mutex_);
    while (waiting_ + orders > orders_max_) left_.wait(mutex_);
    waiting_ += orders;
  }
  void leave(std::size_t orders) {
    const MutexLock lock(mutex_);
    waiting_ -= orders;
    // Half empty, so that the producer refills it in one go as a burst of requests would.
    if (waiting_ <= orders_max_ / 2) left_.notify_one();
  }
  void drain() {
    const MutexLock lock(mutex_);
    while (waiting_ != 0) left_.wait(mutex_);
  }

 private:
  const std::size_t orders_max_;
  Mutex mutex_;
  ConditionVariable left_;
  std::size_t waiting_ KONOMI_GUARDED_BY(mutex_) = 0;
};

}  // namespace konomi::bench
