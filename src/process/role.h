#pragma once

#include "process/step_thread.h"
#include "rest/router.h"

namespace konomi::process {

// One of the things that a process does with its shop. Konomi says in which order roles start and
// stop; one thread calls, but for the routes, which every thread of the server uses.
class Role {
 public:
  virtual ~Role() = default;

  // Adds what the role answers. The router is not used after stop().
  virtual void register_routes(rest::Router& /*router*/) {}

  // Its threads begin to work. Once.
  virtual void start() {}

  // Answers that take long end soon, and no more of them begin. Before the HTTP server stops. May
  // be called again.
  virtual void end_long_answers() {}

  // Answers the orders it took; the HTTP server has stopped, and the log still runs. May be called
  // again.
  virtual void finish_orders() {}

  // Its threads end after the step they make; the log is closed. May be called again.
  virtual void stop() {}

  // Where it works by itself; null: not started, or it works only when it is asked.
  virtual const StepThread* thread() const { return nullptr; }
};

}  // namespace konomi::process
