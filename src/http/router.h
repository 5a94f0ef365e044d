#pragma once

#include "http/message.h"
#include "http/scope.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::http {

// Must be called exactly once, from any thread. Destroyed without a call, it answers 500. Calling
// it after the connection died or the server stopped does nothing.
using Reply = std::move_only_function<void(Response)>;

// Answers on its own time. Runs on a connection's thread, so it must not block; `request` lives
// until the reply is given.
using AsyncHandler = std::function<void(const Request& request, Reply reply)>;

// Answers at once, and may block: it runs on a worker thread.
using BlockingHandler = std::function<Response(const Request& request)>;

// Which shape of error a path speaks: the first version's {"message":…}/{"error":…}, or RFC 9457.
enum class ErrorShape { first_version, problem };

struct Route {
  Method method = Method::get;
  std::string pattern;                // As it was added.
  std::vector<std::string> segments;  // "{…}" matches one segment.
  std::optional<Scope> scope;         // What the caller needs; nothing: open to everybody.
  ErrorShape shape = ErrorShape::problem;
  AsyncHandler async;  // One of the two is set.
  BlockingHandler blocking;
};

// For a route that everybody may use: it tells nothing about orders or guests.
inline constexpr std::optional<Scope> kOpen = std::nullopt;

// A table of handlers, filled before the server starts and then only read.
class Router {
 public:
  // Pattern "/api/v1/days/{date}". A GET route answers HEAD as well. `scope` is what the caller
  // needs, or kOpen; there is no default, so that no route is open by oversight.
  void add_async(Method method, std::string_view pattern, std::optional<Scope> scope,
                 AsyncHandler handler, ErrorShape shape = ErrorShape::problem);
  void add(Method method, std::string_view pattern, std::optional<Scope> scope,
           BlockingHandler handler, ErrorShape shape = ErrorShape::problem);

  std::span<const Route> routes() const { return routes_; }

  // Answers every GET that no route matches and whose path is not under /api: the page.
  void set_fallback(BlockingHandler handler);

  struct Match {
    // Null: `response` is the answer (404, 405 with Allow, OPTIONS 204 with Allow).
    const Route* route = nullptr;
    const BlockingHandler* fallback = nullptr;
    Response response;
  };
  // Finds the route and fills request.params; request.path and method are set.
  Match match(Request& request) const;

  // The shape in which errors on this path are told, routed or not: for refusals before a handler
  // ran.
  ErrorShape shape_of(std::string_view path) const;

 private:
  std::vector<Route> routes_;
  BlockingHandler fallback_;
};

}  // namespace konomi::http
