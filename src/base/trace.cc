#include "base/trace.h"

#include "base/hex.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

namespace konomi {
namespace {

thread_local std::optional<TraceContext> current;

constexpr std::size_t kTraceparentBytes = 55;

std::chrono::system_clock::time_point now() {
  // tidy: clock: a span is finer than Clock's milliseconds, and decides nothing.
  return std::chrono::system_clock::now();
}

// Whether `text` was hexadecimal in lower case, as a traceparent must be; as long as `out` wants
// it.
bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'F'; })) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit_value(text[2 * i]);
    const int low = hex_digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool is_zero(std::span<const std::uint8_t> id) {
  return std::ranges::all_of(id, [](std::uint8_t byte) { return byte == 0; });
}

// OpenTelemetry's TraceIdRatioBased: the last 8 bytes against a share of their range.
bool is_in_ratio(const TraceContext& context, double ratio) {
  if (ratio >= 1) return true;
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i) low = low << 8 | context.trace_id[i];
  const double share =
      static_cast<double>(low) / static_cast<double>(std::numeric_limits<std::uint64_t>::max());
  return share < ratio;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < kTraceparentBytes || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceContext context;
  if (!read_hex(text.substr(0, 2), version) || !read_hex(text.substr(3, 32), context.trace_id) ||
      !read_hex(text.substr(36, 16), context.span_id) || !read_hex(text.substr(53, 2), flags))
    return std::nullopt;
  if (version[0] == 0xff || (version[0] == 0 && text.size() != kTraceparentBytes) ||
      (text.size() > kTraceparentBytes && text[kTraceparentBytes] != '-'))
    return std::nullopt;
  if (is_zero(context.trace_id) || is_zero(context.span_id)) return std::nullopt;
  context.sampled = (flags[0] & 1) != 0;
  return context;
}

std::string traceparent_of(const TraceContext& context) {
  return "00-" + to_hex(context.trace_id) + "-" + to_hex(context.span_id) +
         (context.sampled ? "-01" : "-00");
}

const std::optional<TraceContext>& current_trace() {
  return current;
}

TraceScope::TraceScope(std::optional<TraceContext> context)
    : before_(std::exchange(current, context)) {}

TraceScope::~TraceScope() {
  current = before_;
}

Span::Span(Span&& other) noexcept
    : context_(std::exchange(other.context_, std::nullopt)),
      sink_(std::exchange(other.sink_, nullptr)),
      record_(std::move(other.record_)) {}

Span& Span::operator=(Span&& other) noexcept {
  if (this != &other) {
    end();
    context_ = std::exchange(other.context_, std::nullopt);
    sink_ = std::exchange(other.sink_, nullptr);
    record_ = std::move(other.record_);
  }
  return *this;
}

void Span::set(std::string_view name, std::string_view value) {
  if (sink_ != nullptr) record_.attributes.emplace_back(name, std::string(value));
}

void Span::set(std::string_view name, std::int64_t value) {
  if (sink_ != nullptr) record_.attributes.emplace_back(name, value);
}

void Span::link(const TraceContext& context) {
  if (sink_ == nullptr) return;
  if (record_.links.size() < kLinksMax) {
    record_.links.push_back(context);
  } else {
    ++record_.links_dropped;
  }
}

void Span::fail(std::string_view message) {
  if (sink_ != nullptr) record_.error = message;
}

void Span::end() {
  SpanSink* const sink = std::exchange(sink_, nullptr);
  if (sink == nullptr) return;
  record_.end = now();
  sink->take(std::move(record_));
}

Tracer::Tracer(SpanSink& sink, const Sampling& sampling, std::uint64_t seed)
    : sink_(&sink), sampling_(sampling), random_(seed) {}

Span Tracer::begin(std::string_view name, SpanKind kind,
                   const std::optional<TraceContext>& parent) {
  Span span;
  if (sink_ == nullptr) return span;
  TraceContext context;
  std::array<std::uint64_t, 3> random{};
  {
    const MutexLock lock(mutex_);
    for (std::uint64_t& number : random) {
      while ((number = random_()) == 0) {
      }
    }
  }
  std::memcpy(context.span_id.data(), &random[0], sizeof random[0]);
  if (parent) {
    context.trace_id = parent->trace_id;
  } else {
    std::memcpy(context.trace_id.data(), &random[1], 2 * sizeof random[1]);
  }
  context.sampled =
      parent && sampling_.parent_based ? parent->sampled : is_in_ratio(context, sampling_.ratio);
  span.context_ = context;
  if (!context.sampled) return span;
  span.sink_ = sink_;
  span.record_.name = name;
  span.record_.kind = kind;
  span.record_.context = context;
  span.record_.parent = parent;
  span.record_.begin = now();
  return span;
}

}  // namespace konomi
