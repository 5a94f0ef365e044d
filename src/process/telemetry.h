#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "base/trace.h"
#include "trace/exporter.h"

#include <memory>

namespace konomi::process {

// What a process tells about itself: what it counts, and the spans that it makes.
class Telemetry {
 public:
  // Traces go where the OTEL_* variables say; without them nowhere. The errors are those of reading
  // them, and of Exporter::open().
  static Result<std::unique_ptr<Telemetry>> open();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  // Both live as long as this object.
  Metrics& metrics() { return metrics_; }
  Tracer& tracer() { return *tracer_; }

  // Whether spans go anywhere.
  bool traces() const { return exporter_ != nullptr; }

  // Sends the spans that wait, for a while. May be called again.
  void stop();

 private:
  Telemetry() = default;

  Metrics metrics_;
  std::unique_ptr<trace::Exporter> exporter_;  // Null: no traces.
  std::unique_ptr<Tracer> tracer_ = std::make_unique<Tracer>();
};

}  // namespace konomi::process
