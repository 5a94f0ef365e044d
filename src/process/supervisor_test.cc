#include "process/supervisor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace konomi::process {
namespace {

using namespace std::chrono_literals;

// The socket at which a service manager listens, on a name without a file.
class Manager {
 public:
  explicit Manager(std::chrono::microseconds watchdog = 0us)
      : name_("konomi-supervisor-test-" + std::to_string(::getpid())) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path + 1, name_.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name_).c_str(), 1);
    if (watchdog > 0us) ::setenv("WATCHDOG_USEC", std::to_string(watchdog.count()).c_str(), 1);
  }
  ~Manager() {
    hide();
    ::close(socket_);
  }

  // It still listens, but the environment names it no more.
  void hide() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
  }

  // The next message, or nothing when none comes.
  std::string next(std::chrono::milliseconds within = 10s) {
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(within.count())) <= 0) return {};
    std::string message(1024, '\0');
    const auto bytes = ::recv(socket_, message.data(), message.size(), 0);
    message.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return message;
  }

 private:
  const std::string name_;
  int socket_ = -1;
};

Result<void> always() {
  return {};
}

TEST(Supervisor, TellsWhenItServesAndWhenItStops) {
  Manager manager;
  Supervisor supervisor;
  supervisor.serving(always, [] { return "listens"; });
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=listens");
  supervisor.stopping();
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=stopping");
}

TEST(Supervisor, FeedsTheWatchdogOnlyWhileTheProcessIsAlive) {
  Manager manager(60'000us);
  std::atomic<bool> alive = true;
  Supervisor supervisor;
  const auto is_alive = [&]() -> Result<void> {
    if (alive) return {};
    return fail(ErrorCode::internal, "consume hangs");
  };
  supervisor.serving(is_alive, [] { return "listens"; });
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=listens");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(manager.next(), "WATCHDOG=1");
  alive = false;
  manager.next(30ms);  // One may have been on its way.
  EXPECT_EQ(manager.next(200ms), "");
  alive = true;
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  supervisor.stopping();
}

TEST(Supervisor, TellsAnotherStatusOnce) {
  Manager manager(30'000us);
  std::atomic<int> orders = 1;
  Supervisor supervisor;
  const auto dead = []() -> Result<void> { return fail(ErrorCode::internal, "dead"); };
  supervisor.serving(dead, [&] { return std::to_string(orders); });
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=1");
  orders = 2;
  EXPECT_EQ(manager.next(), "STATUS=2");
  EXPECT_EQ(manager.next(100ms), "");
  supervisor.stopping();
}

TEST(Supervisor, TellsNothingWhereNoManagerIsNamed) {
  Manager manager(30'000us);
  manager.hide();
  std::atomic<int> asked_alive = 0;
  std::atomic<int> asked_status = 0;
  Supervisor supervisor;
  const auto is_alive = [&]() -> Result<void> {
    ++asked_alive;
    return {};
  };
  supervisor.serving(is_alive, [&] { return std::to_string(++asked_status); });
  supervisor.stopping();
  const int asked_before_it_stopped = asked_status;
  EXPECT_GT(asked_before_it_stopped, 0);
  EXPECT_EQ(manager.next(100ms), "");
  EXPECT_EQ(asked_alive, 0) << "there is no watchdog to feed";
  EXPECT_EQ(asked_status, asked_before_it_stopped);
}

}  // namespace
}  // namespace konomi::process
