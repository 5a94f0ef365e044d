#include "process/step_thread.h"

#include "base/log.h"

#include <fmt/format.h>
#include <pthread.h>

#include <exception>
#include <utility>

namespace konomi::process {

StepThread::StepThread(const char* name, const Heartbeat& heartbeat, Run run)
    : name_(name), heartbeat_(heartbeat) {
  thread_ = std::jthread(
      [this, run = std::move(run)](std::stop_token stop) { this->run(run, std::move(stop)); });
}

StepThread::~StepThread() {
  stop();
}

void StepThread::run(const Run& run, std::stop_token stop) {
  ::pthread_setname_np(::pthread_self(), name_);
  Result<void> ended;
  try {
    ended = run(std::move(stop));
  } catch (const std::exception& error) {
    ended = fail(ErrorCode::internal, error.what());
  }
  if (ended) return;
  log_error(
      "{} has stopped: {}; orders are still taken and wait in the log; mend the cause and "
      "start konomi again",
      name_, ended.error().message);
  const MutexLock lock(mutex_);
  ended_ = std::move(ended).error();
  ended_->message = fmt::format("has stopped: {}", ended_->message);
}

Result<void> StepThread::works(std::chrono::milliseconds silence_max) const {
  {
    const MutexLock lock(mutex_);
    if (ended_) return std::unexpected(*ended_);
  }
  return makes_steps_or_ended(silence_max);
}

Result<void> StepThread::makes_steps_or_ended(std::chrono::milliseconds silence_max) const {
  {
    const MutexLock lock(mutex_);
    if (ended_) return {};
  }
  const auto silence = heartbeat_.silence();
  if (silence <= silence_max) return {};
  return fail(ErrorCode::timed_out, fmt::format("hangs: no step for {:.0f} s",
                                                std::chrono::duration<double>(silence).count()));
}

void StepThread::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

}  // namespace konomi::process
