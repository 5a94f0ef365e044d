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

  struct Verdict {
    std::optional<Response> refusal;  // The answer to a request that may not pass.
    // Everybody may send this request: its body is at most open_body_bytes_max (limits.h) long.
    bool is_open = false;
  };

  // As soon as a request's head has come, before its body: whatever is refused here costs no
  // memory. Sets request.caller, which its handler reads. `route` is null when no route matches:
  // the fallback, or an answer of the router's own. Must not block: it runs on a connection's
  // thread.
  virtual Verdict judge(Request& request, const Route* route) = 0;

  // Every answer on its way out: a place for headers that depend on the request. Must not block.
  virtual void decorate(const Request& request, Response& response) = 0;
};

}  // namespace konomi::http
