#pragma once

#include "http/message.h"

#include <any>
#include <functional>
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

struct Route {
  Method method = Method::get;
  std::string pattern;                // As it was added.
  std::vector<std::string> segments;  // "{…}" matches one segment.
  std::any attributes;                // What the layer above keeps with it; not read here.
  AsyncHandler async;                 // One of the two is set.
  BlockingHandler blocking;
};

// Words an error that the server itself answers with: what no route matches, what the bounds
// refuse, what a handler failed to answer. `path` is as sent, or empty when none was read; `route`
// is the one that the path means, by whatever method, or null. Called on all threads; must not
// block. Headers that go with the status, such as Allow, are added by the server.
using ErrorAnswer = std::function<Response(unsigned status, std::string_view message,
                                           std::string_view path, const Route* route)>;

// The message as text/plain: for a server that has no ErrorAnswer of its own.
Response plain_error(unsigned status, std::string_view message, std::string_view path,
                     const Route* route);

// A table of handlers, filled before the server starts and then only read.
class Router {
 public:
  explicit Router(ErrorAnswer error_answer = plain_error)
      : error_answer_(std::move(error_answer)) {}

  // Pattern "/days/{date}". A GET route answers HEAD as well.
  void add_async(Method method, std::string_view pattern, AsyncHandler handler,
                 std::any attributes = {});
  void add(Method method, std::string_view pattern, BlockingHandler handler,
           std::any attributes = {});

  std::span<const Route> routes() const { return routes_; }

  // Answers every GET that no route matches, but for what is at or under `except`, such as "/api".
  void set_fallback(BlockingHandler handler, std::string_view except);

  struct Match {
    // Null: `response` is the answer (404, 405 with Allow, OPTIONS 204 with Allow).
    const Route* route = nullptr;
    const BlockingHandler* fallback = nullptr;
    Response response;
  };
  // Finds the route and fills request.params; request.path and method are set.
  Match match(Request& request) const;

  // The answer to a request for `path`, routed or not, that no handler answers. 503 comes with
  // Retry-After.
  Response error(unsigned status, std::string_view message, std::string_view path) const;

 private:
  ErrorAnswer error_answer_;
  std::vector<Route> routes_;
  BlockingHandler fallback_;
  std::string no_fallback_under_;
};

// Whether the path is `folder` or lies in it.
bool is_under(std::string_view path, std::string_view folder);

}  // namespace konomi::http
