#pragma once

#include "base/result.h"

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

namespace konomi::process {

// Turns SIGINT and SIGTERM into a stop request, and a second one into the end of the process. Make
// one before any other thread starts: threads inherit that they leave these signals to it.
class StopSignals {
 public:
  // Also makes writing to a closed pipe or socket an error instead of the process's end.
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

  // Returns when a stop was asked for.
  void wait() const;

 private:
  void watch(const std::stop_token& done);

  int signals_ = -1;  // A signalfd.
  int done_ = -1;     // An eventfd that ends the thread.
  std::stop_source stop_;
  std::jthread watcher_;
};

// Lets the process open as many files as the system allows it; returns how many.
std::uint64_t raise_open_files_limit();

}  // namespace konomi::process
