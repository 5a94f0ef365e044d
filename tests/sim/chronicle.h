#pragma once

#include "tests/sim/pipeline.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace konomi::sim {

// What is told of a run: every event to the trace, how often each kind of event happened, and what
// went wrong.
class Chronicle {
 public:
  explicit Chronicle(const Trace& trace) : trace_(trace) {}

  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) const {
    if (trace_) trace_(fmt::format(text, std::forward<Args>(args)...));
  }
  void happened(const std::string& what) { ++outcome_.happened[what]; }
  void fail(const std::string& what) { outcome_.failure += what + "\n"; }

  bool failed() const { return !outcome_.failure.empty(); }
  Outcome take_outcome() { return std::move(outcome_); }

 private:
  const Trace& trace_;
  Outcome outcome_;
};

}  // namespace konomi::sim
