#pragma once

#include "http/message.h"
#include "http/router.h"

#include <optional>

namespace konomi::http {

// Stands before every handler and decides who may pass. Outlives the server; called from all its
// threads.
class Gate {
 public:
  virtual ~Gate() = default;

  // As soon as a request's head has come, before its body: whatever is refused here costs no
  // memory. Sets request.caller. Returns the answer of a request that may not pass. `route` is null
  // when no route matches: the page, or an answer of the router's own. Must not block: it runs on a
  // connection's thread.
  virtual std::optional<Response> judge(Request& request, const Route* route) = 0;

  // After a blocking handler has made its answer, and before a byte of it is sent. May replace it.
  // May block.
  virtual void answered(const Request& request, const Route& route, Response& response) = 0;

  // Every answer on its way out: a place for headers that depend on the request. Must not block.
  virtual void decorate(const Request& request, Response& response) = 0;
};

}  // namespace konomi::http
