#include "http/router.h"

#include "base/assert.h"
#include "base/percent.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace konomi::http {
namespace {

// Deeper paths match no route.
constexpr std::size_t kSegmentsMax = 16;

struct Segments {
  std::array<std::string_view, kSegmentsMax> values;
  std::size_t count = 0;             // More than kSegmentsMax: too deep.
  std::vector<std::string> decoded;  // What `values` of escaped segments point to.
  bool broken_escape = false;
};

Segments split(std::string_view path) {
  Segments segments;
  segments.decoded.reserve(path.contains('%') ? kSegmentsMax : 0);
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segments.count == kSegmentsMax) {
      ++segments.count;
      return segments;
    }
    if (segment.contains('%')) {
      auto decoded = percent_decode(segment);
      if (!decoded) {
        segments.broken_escape = true;
        return segments;
      }
      segment = segments.decoded.emplace_back(std::move(*decoded));
    }
    segments.values[segments.count++] = segment;
  }
  return segments;
}

bool is_placeholder(std::string_view segment) {
  return segment.starts_with('{');
}

bool matches(const Route& route, const Segments& segments) {
  if (route.segments.size() != segments.count) return false;
  for (std::size_t i = 0; i < segments.count; ++i) {
    if (is_placeholder(route.segments[i]) ? segments.values[i].empty()
                                          : route.segments[i] != segments.values[i]) {
      return false;
    }
  }
  return true;
}

// Whether `a` names a segment where `b`, which matches the same path, first has a placeholder.
bool more_exact(const Route& a, const Route& b) {
  return std::ranges::lexicographical_compare(a.segments, b.segments, {}, is_placeholder,
                                              is_placeholder);
}

// The route whose pattern is what the path means, whatever the method; null: there is none.
const Route* most_exact(std::span<const Route> routes, const Segments& segments) {
  const Route* best = nullptr;
  for (const Route& route : routes) {
    if (matches(route, segments) && (!best || more_exact(route, *best))) best = &route;
  }
  return best;
}

bool answers(const Route& route, Method method) {
  return route.method == method || (method == Method::head && route.method == Method::get);
}

Route make_route(Method method, std::string_view pattern, std::any attributes) {
  Route route{
      .method = method, .pattern = std::string(pattern), .attributes = std::move(attributes)};
  const Segments segments = split(pattern);
  KONOMI_ASSERT(segments.count > 0 && segments.count <= kSegmentsMax && !segments.broken_escape,
                "a route's pattern starts with a slash and has at most 16 segments");
  route.segments.assign(segments.values.begin(), segments.values.begin() + segments.count);
  return route;
}

}  // namespace

bool is_under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

Response plain_error(unsigned status, std::string_view message, std::string_view, const Route*) {
  return {.status = status, .content_type = "text/plain", .body = std::string(message) + "\n"};
}

void Router::add_async(Method method, std::string_view pattern, AsyncHandler handler,
                       std::any attributes) {
  routes_.push_back(make_route(method, pattern, std::move(attributes)));
  routes_.back().async = std::move(handler);
}

void Router::add(Method method, std::string_view pattern, BlockingHandler handler,
                 std::any attributes) {
  routes_.push_back(make_route(method, pattern, std::move(attributes)));
  routes_.back().blocking = std::move(handler);
}

void Router::set_fallback(BlockingHandler handler, std::string_view except) {
  fallback_ = std::move(handler);
  no_fallback_under_ = except;
}

Router::Match Router::match(Request& request) const {
  request.params.clear();
  const Segments segments = split(request.path);
  if (segments.broken_escape) {
    return {.response = error_answer_(
                400, "expected every % in the path to be followed by two hexadecimal digits",
                request.path, nullptr)};
  }

  // Only the methods of the most exact pattern: a GET of "/letters/replay" does not ask for a
  // letter named "replay".
  const Route* const meant = most_exact(routes_, segments);
  if (meant) {
    std::string allow = "OPTIONS";
    for (const Route& route : routes_) {
      if (!matches(route, segments) || more_exact(*meant, route)) continue;
      if (!answers(route, request.method)) {
        allow.append(", ").append(name_of(route.method));
        continue;
      }
      for (std::size_t i = 0; i < segments.count; ++i) {
        if (is_placeholder(route.segments[i])) request.params.emplace_back(segments.values[i]);
      }
      return {.route = &route};
    }
    if (request.method != Method::options) {
      Match refused{.response =
                        error_answer_(405, "this path answers " + allow, request.path, meant)};
      refused.response.headers.emplace_back("Allow", std::move(allow));
      return refused;
    }
    Match options{.response = {.status = 204, .content_type = {}}};
    options.response.headers.emplace_back("Allow", std::move(allow));
    return options;
  }
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (reads && fallback_ && !is_under(request.path, no_fallback_under_))
    return {.fallback = &fallback_};
  return {.response =
              error_answer_(404, "there is nothing at " + request.path, request.path, nullptr)};
}

Response Router::error(unsigned status, std::string_view message, std::string_view path) const {
  const Segments segments = split(path);
  const Route* const meant = segments.broken_escape ? nullptr : most_exact(routes_, segments);
  Response response = error_answer_(status, message, path, meant);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace konomi::http
