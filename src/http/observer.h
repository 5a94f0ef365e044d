#pragma once

#include "http/message.h"

#include <chrono>
#include <string_view>

namespace konomi::http {

// What is told of a request that has been answered.
struct RequestSummary {
  // The router's pattern ("/api/v1/days/{date}"), never what came; or one of the names below.
  std::string_view route;
  Method method = Method::get;
  unsigned status = 0;
  bool was_cut = false;                             // The answer did not reach the client whole.
  std::chrono::steady_clock::duration duration{0};  // From the request's last byte on.
};

inline constexpr std::string_view kPageRoute = "page";            // The router's fallback.
inline constexpr std::string_view kUnmatchedRoute = "unmatched";  // 404, 405, OPTIONS.
inline constexpr std::string_view kRefusedRoute = "refused";      // No whole request came.

// Looks on while a server works. Called on the server's threads, by several at once; must be quick,
// and must not throw. Outlives the server's stop().
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void request_done(const RequestSummary& summary) = 0;
  virtual void connection_refused() = 0;  // There were connections_max already.
};

}  // namespace konomi::http
