#include "trace/otlp_json.h"

#include "base/hex.h"
#include "wire/json_writer.h"

#include <chrono>
#include <string_view>

namespace konomi::trace {
namespace {

using wire::JsonWriter;

void write_attribute(JsonWriter& json, std::string_view key, std::string_view text) {
  json.begin_object().key("key").text(key);
  json.key("value").begin_object().key("stringValue").text(text).end_object().end_object();
}

void write_attribute(JsonWriter& json, std::string_view key, std::int64_t number) {
  json.begin_object().key("key").text(key);
  json.key("value").begin_object().key("intValue").text(std::to_string(number));
  json.end_object().end_object();
}

std::string nanoseconds_of(std::chrono::system_clock::time_point time) {
  return std::to_string(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

void write_span(JsonWriter& json, const SpanRecord& span) {
  json.begin_object();
  json.key("traceId").text(to_hex(span.context.trace_id));
  json.key("spanId").text(to_hex(span.context.span_id));
  if (span.parent) json.key("parentSpanId").text(to_hex(span.parent->span_id));
  json.key("name").text(span.name);
  json.key("kind").integer(static_cast<int>(span.kind));
  json.key("startTimeUnixNano").text(nanoseconds_of(span.begin));
  json.key("endTimeUnixNano").text(nanoseconds_of(span.end));
  json.key("attributes").begin_array();
  for (const auto& [key, value] : span.attributes)
    std::visit([&](const auto& of_kind) { write_attribute(json, key, of_kind); }, value);
  json.end_array();
  json.key("links").begin_array();
  for (const TraceContext& link : span.links) {
    json.begin_object();
    json.key("traceId").text(to_hex(link.trace_id));
    json.key("spanId").text(to_hex(link.span_id));
    json.end_object();
  }
  json.end_array();
  if (span.links_dropped != 0) json.key("droppedLinksCount").number(span.links_dropped);
  if (span.error) {
    json.key("status").begin_object();
    json.key("code").number(2).key("message").text(*span.error).end_object();
  }
  json.end_object();
}

}  // namespace

std::string otlp_json(std::span<const SpanRecord> spans,
                      const std::vector<std::pair<std::string, std::string>>& resource) {
  JsonWriter json;
  json.begin_object().key("resourceSpans").begin_array().begin_object();
  json.key("resource").begin_object().key("attributes").begin_array();
  for (const auto& [key, value] : resource) write_attribute(json, key, std::string_view(value));
  json.end_array().end_object();
  json.key("scopeSpans").begin_array().begin_object();
  json.key("scope").begin_object().key("name").text("konomi").end_object();
  json.key("spans").begin_array();
  for (const SpanRecord& span : spans) write_span(json, span);
  json.end_array();
  return json.end_object().end_array().end_object().end_array().end_object().take();
}

}  // namespace konomi::trace
