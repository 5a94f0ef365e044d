#include "process/supervisor.h"

#include "base/log.h"
#include "base/wait.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace konomi::process {
namespace {

constexpr std::chrono::milliseconds kStatusEvery{5'000};

// konomi serves even when the manager cannot be told; the manager notices and logs it.
void tell(const std::string& state) {
  (void)::sd_notify(0, state.c_str());
}

}  // namespace

Supervisor::~Supervisor() {
  if (thread_.joinable()) thread_.request_stop();
}

void Supervisor::serving(Alive alive, Status status) {
  alive_ = std::move(alive);
  status_ = std::move(status);
  std::uint64_t watchdog_us = 0;
  watched_ = ::sd_watchdog_enabled(0, &watchdog_us) > 0;
  every_ = kStatusEvery;
  if (watched_) {
    const auto third = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::microseconds(watchdog_us / 3));
    every_ = std::clamp(third, std::chrono::milliseconds(1), kStatusEvery);
  }
  told_status_ = status_();
  tell("READY=1\nSTATUS=" + told_status_);
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void Supervisor::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    tell_status();
    if (watched_) tell_alive();
    wait_or_stop(stop, every_);
  }
}

void Supervisor::tell_alive() {
  const Result<void> alive = alive_();
  if (alive) {
    tell("WATCHDOG=1");
  } else if (!hungry_) {
    log_error("the watchdog is not told that konomi is alive: {}; it restarts konomi soon",
              alive.error().message);
  }
  hungry_ = !alive;
}

void Supervisor::tell_status() {
  std::string status = status_();
  if (status == told_status_) return;
  tell("STATUS=" + status);
  told_status_ = std::move(status);
}

void Supervisor::stopping() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  tell("STOPPING=1\nSTATUS=stopping");
}

}  // namespace konomi::process
