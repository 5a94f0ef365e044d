#pragma once

#include "base/mutex.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace konomi {

// Where in which trace something happens: what W3C Trace Context carries in `traceparent`.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  bool sampled = false;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// "00-<32 hex>-<16 hex>-<2 hex>". Nothing for what is malformed or all zero: begin a new trace.
// Later versions are read as far as this one knows them.
std::optional<TraceContext> parse_traceparent(std::string_view text);
std::string traceparent_of(const TraceContext& context);

// The context that the calling thread works in; nothing: none. Logs name it, and the order log
// keeps it with the orders that are appended.
const std::optional<TraceContext>& current_trace();

// Makes `context` the calling thread's for as long as this object lives. Nest them on one thread.
class TraceScope {
 public:
  explicit TraceScope(std::optional<TraceContext> context);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  std::optional<TraceContext> before_;
};

enum class SpanKind : std::uint8_t { internal = 1, server = 2, producer = 4, consumer = 5 };

// A span that has ended.
struct SpanRecord {
  using Value = std::variant<std::string, std::int64_t>;

  std::string name;
  SpanKind kind = SpanKind::internal;
  TraceContext context;
  std::optional<TraceContext> parent;
  std::chrono::system_clock::time_point begin;
  std::chrono::system_clock::time_point end;
  std::vector<std::pair<std::string, Value>> attributes;
  std::vector<TraceContext> links;  // At most kLinksMax.
  std::uint32_t links_dropped = 0;
  std::optional<std::string> error;
};

inline constexpr std::size_t kLinksMax = 128;

// Where ended spans go. Safe from every thread; never blocks.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void take(SpanRecord span) = 0;
};

// Which traces that begin here are recorded, and whether a caller's decision is followed.
struct Sampling {
  double ratio =
      1;  // The share of new traces. Decided by the trace id, so that all services agree.
  bool parent_based = true;
};

class Tracer;

// Something that takes time, from its construction to end() or its destruction. Used by one thread
// at a time. Costs next to nothing when it is not recorded.
class Span {
 public:
  Span() = default;
  Span(Span&& other) noexcept;
  Span& operator=(Span&& other) noexcept;
  ~Span() { end(); }

  // For traceparent, TraceScope and children. Nothing when tracing is off.
  const std::optional<TraceContext>& context() const { return context_; }
  bool is_recorded() const { return sink_ != nullptr; }

  void set(std::string_view name, std::string_view value);
  void set(std::string_view name, std::int64_t value);
  void link(const TraceContext& context);
  void fail(std::string_view message);
  void end();

 private:
  friend class Tracer;

  std::optional<TraceContext> context_;
  SpanSink* sink_ = nullptr;
  SpanRecord record_;
};

// Makes spans. Safe from every thread; outlives its spans.
class Tracer {
 public:
  Tracer() = default;  // Off: spans without a context.
  // `sink` outlives the tracer.
  Tracer(SpanSink& sink, const Sampling& sampling, std::uint64_t seed);

  bool is_on() const { return sink_ != nullptr; }

  // A child of `parent`, or the first span of a new trace. Names are few: no ids in them.
  Span begin(std::string_view name, SpanKind kind, const std::optional<TraceContext>& parent)
      KONOMI_EXCLUDES(mutex_);

 private:
  SpanSink* const sink_ = nullptr;
  const Sampling sampling_;

  Mutex mutex_;
  std::mt19937_64 random_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi
