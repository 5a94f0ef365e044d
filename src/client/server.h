#pragma once

#include "base/result.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::client {

struct Answer {
  unsigned status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;
};

// A konomi to talk to: over HTTP, or in this process. Used by one thread at a time.
class Server {
 public:
  virtual ~Server() = default;

  // Errors: `unavailable` and `timed_out` when no answer came (trying again is safe: the orders
  // have ids), `cancelled` when the caller is stopping.
  virtual Result<Answer> post(std::string_view path, std::string_view content_type,
                              std::string_view body) = 0;
  virtual Result<Answer> put(std::string_view path, std::string_view content_type,
                             std::string_view body) = 0;
  virtual Result<Answer> get(std::string_view path) = 0;

  virtual std::string name() const = 0;  // For messages: "http://127.0.0.1:8080".
};

}  // namespace konomi::client
