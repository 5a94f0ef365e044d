#pragma once

#include "base/mutex.h"
#include "base/result.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

namespace konomi::process {

struct PulseTimes {
  // Between the end of one question and the next; nothing: it is asked only on demand.
  std::optional<std::chrono::milliseconds> every = std::chrono::milliseconds(2'000);
  std::chrono::milliseconds answer_within{5'000};  // A question that waits longer counts as failed.
};

// Asks something that may hang, on a thread of its own: again and again, so that the last answer is
// there at once, and on demand, for the newest one. Every member is for every thread, but stop().
template <class T>
class Pulse {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Ask = std::function<Result<T>()>;

  // `ask` is quick or blocks; what it refers to outlives stop().
  explicit Pulse(Ask ask, PulseTimes times = {}) : ask_(std::move(ask)), times_(times) {
    thread_ = std::jthread([this] { run(); });
  }
  ~Pulse() { stop(); }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // The last answer; an error while nothing has been answered yet, or while the question that is
  // asked now waits too long. Never blocks.
  Result<T> last() const KONOMI_EXCLUDES(mutex_);

  // Whether last() is more than "not yet": something was answered, or an answer is late.
  bool knows() const KONOMI_EXCLUDES(mutex_);

  // Has the question asked again. Returns the number of the question for wait_for().
  std::uint64_t ask_again() KONOMI_EXCLUDES(mutex_);

  // Blocks until that question is answered, and no longer than `until`.
  void wait_for(std::uint64_t question, SteadyTime until) KONOMI_EXCLUDES(mutex_);

  // Asks no more; waits for the question that is being asked. May be called again.
  void stop() KONOMI_EXCLUDES(mutex_);

 private:
  void run();
  bool wait_until_due() KONOMI_EXCLUDES(mutex_);
  std::optional<std::chrono::milliseconds> late_by() const KONOMI_REQUIRES(mutex_);

  const Ask ask_;
  const PulseTimes times_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ KONOMI_GUARDED_BY(mutex_) = false;
  bool wanted_ KONOMI_GUARDED_BY(mutex_) = false;
  std::uint64_t answers_ KONOMI_GUARDED_BY(mutex_) = 0;
  std::optional<Result<T>> last_ KONOMI_GUARDED_BY(mutex_);
  std::optional<SteadyTime> asked_at_ KONOMI_GUARDED_BY(mutex_);  // While a question waits.

  std::jthread thread_;
};

template <class T>
void Pulse<T>::run() {
  while (wait_until_due()) {
    Result<T> answer = ask_();
    const MutexLock lock(mutex_);
    asked_at_.reset();
    last_ = std::move(answer);
    ++answers_;
    changed_.notify_all();
  }
}

// Waits until the next question is due, and begins it; false: stop. The first one is due at once,
// unless questions are asked on demand only.
template <class T>
bool Pulse<T>::wait_until_due() {
  const auto now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  const auto due = answers_ == 0 || !times_.every ? now : now + *times_.every;
  while (!stopping_ && !wanted_) {
    if (!times_.every) {
      changed_.wait(mutex_);
    } else if (!changed_.wait_until(mutex_, due)) {
      break;
    }
  }
  if (stopping_) return false;
  wanted_ = false;
  asked_at_ = std::chrono::steady_clock::now();
  return true;
}

template <class T>
std::optional<std::chrono::milliseconds> Pulse<T>::late_by() const {
  if (!asked_at_) return std::nullopt;
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - *asked_at_);
  if (waited < times_.answer_within) return std::nullopt;
  return waited;
}

template <class T>
Result<T> Pulse<T>::last() const {
  const MutexLock lock(mutex_);
  if (const auto waited = late_by())
    return fail(ErrorCode::timed_out, fmt::format("no answer for {:.0f} s",
                                                  std::chrono::duration<double>(*waited).count()));
  if (!last_) return fail(ErrorCode::unavailable, "has not answered yet");
  return *last_;
}

template <class T>
bool Pulse<T>::knows() const {
  const MutexLock lock(mutex_);
  return last_ || late_by();
}

template <class T>
std::uint64_t Pulse<T>::ask_again() {
  const MutexLock lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
  // What is being asked may have been asked before this call: then it is the one after that.
  return answers_ + (asked_at_ ? 2 : 1);
}

template <class T>
void Pulse<T>::wait_for(std::uint64_t question, SteadyTime until) {
  const MutexLock lock(mutex_);
  while (answers_ < question && !stopping_) {
    if (!changed_.wait_until(mutex_, until)) return;
  }
}

template <class T>
void Pulse<T>::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace konomi::process
