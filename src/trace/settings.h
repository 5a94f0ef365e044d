#pragma once

#include "base/result.h"
#include "base/trace.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::trace {

// What OpenTelemetry's environment variables say, with its defaults.
struct ExportSettings {
  std::string server;  // "http://host:port"
  std::string path = "/v1/traces";
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds timeout{10'000};

  // service.name first.
  std::vector<std::pair<std::string, std::string>> resource;
  Sampling sampling;

  std::size_t queue_max = 2'048;  // Spans.
  std::size_t batch_max = 512;
  std::chrono::milliseconds schedule_delay{5'000};
};

// A variable's value; nothing or empty: not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Nothing: no traces are wanted, which is so unless OTEL_TRACES_EXPORTER is otlp or an endpoint is
// named. `invalid_argument` names the variable, its value and what was expected.
Result<std::optional<ExportSettings>> read_settings(const Lookup& lookup);

}  // namespace konomi::trace
