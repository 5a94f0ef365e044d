#pragma once

#include "base/trace.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace konomi::trace {

// An ExportTraceServiceRequest in OTLP's JSON encoding: ids in hexadecimal, 64-bit numbers as text.
std::string otlp_json(std::span<const SpanRecord> spans,
                      const std::vector<std::pair<std::string, std::string>>& resource);

}  // namespace konomi::trace
