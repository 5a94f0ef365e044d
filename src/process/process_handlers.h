#pragma once

#include "base/metrics.h"
#include "process/check.h"
#include "rest/router.h"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace konomi::process {

// Must be quick, whatever hangs, and safe from every thread.
using Readiness = std::function<std::vector<Check>()>;

// What machines ask of the process itself: /livez, /readyz, /startupz, /metrics, /openapi.json.
// Safe from every thread; `metrics` and what `ready` refers to outlive it.
class ProcessHandlers {
 public:
  // `openapi` is the text of docs/openapi.json.
  ProcessHandlers(const Metrics& metrics, Readiness ready, std::string openapi);

  void register_routes(rest::Router& router);

 private:
  std::vector<Check> checks();
  http::Response started();

  const Metrics& metrics_;
  const Readiness ready_;
  const std::string openapi_;
  std::atomic<bool> started_ = false;  // Every check has been ok once, all at a time.
};

}  // namespace konomi::process
