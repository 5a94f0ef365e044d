#include "process/stop_signals.h"

#include "base/assert.h"
#include "base/wait.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace konomi::process {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

constexpr int kExitBySignal = 128;  // Plus the signal's number, as shells have it.

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  done_ = ::eventfd(0, EFD_CLOEXEC);
  KONOMI_ASSERT(signals_ >= 0 && done_ >= 0, "the process has no file descriptors left");
  watcher_ = std::jthread([this](std::stop_token done) { watch(done); });
}

StopSignals::~StopSignals() {
  watcher_.request_stop();
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const auto written = ::write(done_, &one, sizeof one);
  watcher_.join();
  ::close(signals_);
  ::close(done_);
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void StopSignals::watch(const std::stop_token& done) {
  while (!done.stop_requested()) {
    std::array<pollfd, 2> waiting = {{{.fd = signals_, .events = POLLIN, .revents = 0},
                                      {.fd = done_, .events = POLLIN, .revents = 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if ((waiting[0].revents & POLLIN) == 0) continue;
    signalfd_siginfo signal{};
    if (::read(signals_, &signal, sizeof signal) != sizeof signal) continue;
    const bool second = !stop_.request_stop();
    if (second) ::_exit(kExitBySignal + static_cast<int>(signal.ssi_signo));
  }
}

void StopSignals::wait() const {
  while (!wait_or_stop(stop_.get_token(), std::chrono::hours(1))) {
  }
}

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace konomi::process
