#pragma once

#include "base/result.h"
#include "http/router.h"
#include "rest/answer.h"
#include "rest/errors.h"
#include "rest/scope.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::rest {

// A route as konomi sees it, beyond what http does.
struct Endpoint {
  std::string pattern;         // "/api/v1/days/{date}"
  std::optional<Scope> scope;  // What the caller needs; nothing: every caller.
  ErrorShape shape = ErrorShape::problem;
};

// For an endpoint that every caller may use: it tells nothing about orders or guests.
inline constexpr std::optional<Scope> kOpen = std::nullopt;

// The endpoint of a route that a Router added.
const Endpoint& endpoint_of(const http::Route& route);

// Writes down what was taken away or changed. Called on the server's workers, by several at once.
class Auditor {
 public:
  virtual ~Auditor() = default;

  // After a blocking handler has made its answer, and before a byte of it is sent. An error is
  // answered instead: what cannot be written down does not leave. May block.
  virtual Result<void> answered(const http::Request& request, const Endpoint& endpoint,
                                const Answer& answer) = 0;
};

// Answers at once, and may block: it runs on a worker thread. An Error becomes the error answer of
// the route's shape.
using Handler = std::function<Result<Answer>(const http::Request& request)>;

// Collects konomi's endpoints into a table for http::Server. Filled before the server starts.
class Router {
 public:
  // `auditor` may be null, else outlives the server.
  explicit Router(Auditor* auditor = nullptr);

  // `scope` is what the caller needs, or kOpen. It has no default, so that no endpoint is opened by
  // oversight.
  void add(http::Method method, std::string_view pattern, std::optional<Scope> scope,
           Handler handler, ErrorShape shape = ErrorShape::problem);
  void add_async(http::Method method, std::string_view pattern, std::optional<Scope> scope,
                 http::AsyncHandler handler, ErrorShape shape = ErrorShape::problem);

  // Answers every GET that no route matches and whose path is not under /api.
  void set_page(http::BlockingHandler page);

  const http::Router& table() const { return table_; }

 private:
  Auditor* const auditor_;
  http::Router table_;
};

// The wording of what http itself refuses, in the shape of the path: an http::ErrorAnswer.
http::Response error_answer(unsigned status, std::string_view message, std::string_view path,
                            const http::Route* route);

}  // namespace konomi::rest
