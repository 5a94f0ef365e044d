#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "http/router.h"

#include <functional>
#include <string>

namespace konomi::api {

// Whether this process can serve now; else the reason, for whoever looks at /readyz. Must be quick
// and safe from every thread.
using Readiness = std::function<Result<void>()>;

// What machines ask of the process itself: /livez, /readyz, /metrics, /openapi.json. Safe from
// every thread; `metrics` and what `ready` refers to outlive it.
class ProcessHandlers {
 public:
  // `openapi` is the text of docs/openapi.json.
  ProcessHandlers(const Metrics& metrics, Readiness ready, std::string openapi);

  void register_routes(http::Router& router) const;

 private:
  const Metrics& metrics_;
  const Readiness ready_;
  const std::string openapi_;
};

}  // namespace konomi::api
