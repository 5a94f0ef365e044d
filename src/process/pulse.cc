#include "process/pulse.h"

#include "base/wait.h"

#include <fmt/format.h>

#include <utility>

namespace konomi::process {

Pulse::Pulse(Ask ask, PulseTimes times) : ask_(std::move(ask)), times_(times) {
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

Pulse::~Pulse() {
  stop();
}

void Pulse::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(mutex_);
      asked_at_ = std::chrono::steady_clock::now();
    }
    Result<void> answer = ask_();
    {
      const MutexLock lock(mutex_);
      asked_at_.reset();
      last_ = std::move(answer);
    }
    wait_or_stop(stop, times_.every);
  }
}

Result<void> Pulse::last() const {
  const MutexLock lock(mutex_);
  if (asked_at_) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - *asked_at_);
    if (waited > times_.answer_within)
      return fail(ErrorCode::timed_out, fmt::format("no answer for {:.0f} s",
                                                    std::chrono::duration<double>(waited).count()));
  }
  if (!last_) return fail(ErrorCode::unavailable, "has not answered yet");
  return *last_;
}

void Pulse::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

}  // namespace konomi::process
