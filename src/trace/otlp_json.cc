#include "trace/otlp_json.h"

#include "base/hex.h"
#include "base/json.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <string_view>

namespace konomi::trace {
namespace {

void append_attribute(std::string& out, std::string_view key, std::string_view text) {
  if (out.back() != '[') out += ',';
  out += R"({"key":)";
  append_json_string(out, key);
  out += R"(,"value":{"stringValue":)";
  append_json_string(out, text);
  out += "}}";
}

void append_attribute(std::string& out, std::string_view key, std::int64_t number) {
  if (out.back() != '[') out += ',';
  out += R"({"key":)";
  append_json_string(out, key);
  fmt::format_to(std::back_inserter(out), R"(,"value":{{"intValue":"{}"}}}})", number);
}

std::int64_t nanoseconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

void append_span(std::string& out, const SpanRecord& span) {
  if (out.back() != '[') out += ',';
  const auto add = [&]<class... T>(fmt::format_string<T...> format, T&&... values) {
    fmt::format_to(std::back_inserter(out), format, std::forward<T>(values)...);
  };
  add(R"({{"traceId":"{}","spanId":"{}",)", to_hex(span.context.trace_id),
      to_hex(span.context.span_id));
  if (span.parent) add(R"("parentSpanId":"{}",)", to_hex(span.parent->span_id));
  out += R"("name":)";
  append_json_string(out, span.name);
  add(R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":[)",
      static_cast<int>(span.kind), nanoseconds_of(span.begin), nanoseconds_of(span.end));
  for (const auto& [key, value] : span.attributes)
    std::visit([&](const auto& of_kind) { append_attribute(out, key, of_kind); }, value);
  out += R"(],"links":[)";
  for (const TraceContext& link : span.links) {
    if (out.back() != '[') out += ',';
    add(R"({{"traceId":"{}","spanId":"{}"}})", to_hex(link.trace_id), to_hex(link.span_id));
  }
  out += ']';
  if (span.links_dropped != 0) add(R"(,"droppedLinksCount":{})", span.links_dropped);
  if (span.error) {
    out += R"(,"status":{"code":2,"message":)";
    append_json_string(out, *span.error);
    out += '}';
  }
  out += '}';
}

}  // namespace

std::string otlp_json(std::span<const SpanRecord> spans,
                      const std::vector<std::pair<std::string, std::string>>& resource) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  for (const auto& [key, value] : resource) append_attribute(out, key, std::string_view(value));
  out += R"(]},"scopeSpans":[{"scope":{"name":"konomi"},"spans":[)";
  for (const SpanRecord& span : spans) append_span(out, span);
  out += "]}]}]}";
  return out;
}

}  // namespace konomi::trace
