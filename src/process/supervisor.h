#pragma once

#include "base/result.h"

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace konomi::process {

// What is told to the service manager that started this process, by systemd's notify protocol: when
// it serves, that it is alive, how it is in a line, and that it stops. Where no manager listens
// (NOTIFY_SOCKET is not set), nothing is.
class Supervisor {
 public:
  Supervisor() = default;
  ~Supervisor();  // Ends the thread; tells nothing.
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Whether the process works at all. An error keeps the watchdog hungry, so that the manager kills
  // and restarts the process. Must be quick.
  using Alive = std::function<Result<void>()>;
  // The line that `systemctl status` shows.
  using Status = std::function<std::string()>;

  // It serves from now on. As long as `alive` says so, the watchdog is fed, on a thread of this
  // object, three times in the time that the manager gives. Call once; both outlive stopping().
  void serving(Alive alive, Status status);

  // It stops from now on; the watchdog is not fed any more, for the manager has a time limit of its
  // own for stopping. Afterwards nothing is called any more.
  void stopping();

 private:
  void run(const std::stop_token& stop);
  void tell_alive();
  void tell_status();

  Alive alive_;
  Status status_;
  bool watched_ = false;
  std::chrono::milliseconds every_{0};
  std::string told_status_;
  bool hungry_ = false;

  std::jthread thread_;
};

}  // namespace konomi::process
