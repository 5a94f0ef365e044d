#pragma once

#include <atomic>
#include <chrono>

namespace konomi {

// An instant, as konomi stores and compares them: UTC, to the millisecond.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// Where the time comes from, so that a test or a simulation can decide it. Safe to call from every
// thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : milliseconds_(start.time_since_epoch().count()) {}

  Timestamp now() const override {
    return Timestamp(std::chrono::milliseconds(milliseconds_.load()));
  }
  void advance(std::chrono::milliseconds by) { milliseconds_ += by.count(); }
  void set(Timestamp to) { milliseconds_ = to.time_since_epoch().count(); }

 private:
  std::atomic<std::chrono::milliseconds::rep> milliseconds_;
};

}  // namespace konomi
