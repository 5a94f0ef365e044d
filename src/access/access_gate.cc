#include "access/access_gate.h"

#include "base/ascii.h"
#include "base/percent.h"
#include "rest/caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace konomi::access {
namespace {

using http::Method;

constexpr std::string_view kBearer = "bearer ";

// The names of schemes ignore case (RFC 9110, 11.1).
bool is_bearer(std::string_view authorization) {
  return equal_ignoring_case(authorization.substr(0, kBearer.size()), kBearer);
}

bool changes_something(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

// "https://shop.example:8443" → "shop.example:8443"
std::string_view authority_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

// Without its port.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

// An address and no name that begins like one: "127.0.0.1.evil.example" may lead anywhere.
bool is_this_machine(std::string_view host) {
  const bool is_address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_address && host.starts_with("127."));
}

std::optional<std::string_view> cookie_of(const http::Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (name != "cookie") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(kSessionCookie) && pair.substr(kSessionCookie.size()).starts_with('='))
        return pair.substr(kSessionCookie.size() + 1);
    }
  }
  return std::nullopt;
}

std::string target_of(const http::Request& request) {
  std::string target = request.path;
  char joint = '?';
  for (const auto& [name, value] : request.query) {
    target += joint;
    target += percent_encode(name) + "=" + percent_encode(value);
    joint = '&';
  }
  return target;
}

prometheus::Counter& refused(Metrics& metrics, const char* reason) {
  return metrics.counter("konomi_access_refused_total",
                         "Requests that were not let through, by reason", {{"reason", reason}});
}

}  // namespace

AccessGate::AccessGate(const Keys* keys, const AuditLog& audit, Metrics& metrics,
                       const Clock& clock, GateOptions options)
    : keys_(keys),
      audit_(audit),
      clock_(clock),
      options_(std::move(options)),
      unauthorized_(refused(metrics, "no_valid_key")),
      forbidden_(refused(metrics, "not_allowed")),
      too_many_(refused(metrics, "rate_limit")) {}

http::Gate::Verdict AccessGate::judge(http::Request& request, const http::Route* route) {
  if (!route) return {.refusal = std::nullopt, .is_open = true};
  const rest::Endpoint& endpoint = rest::endpoint_of(*route);
  auto refusal = refusal_of(request, endpoint);
  if (!refusal) return {.refusal = std::nullopt, .is_open = !endpoint.scope};
  http::Response response = rest::error_response(endpoint.shape, refusal->status, refusal->message);
  if (refusal->status == 401) {
    unauthorized_.Increment();
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"konomi\"");
  } else if (refusal->status == 429) {
    too_many_.Increment();
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(refusal->retry_after);
    response.headers.emplace_back("Retry-After", fmt::to_string(seconds.count()));
  } else {
    forbidden_.Increment();
  }
  return {.refusal = std::move(response)};
}

std::optional<AccessGate::Refusal> AccessGate::refusal_of(http::Request& request,
                                                          const rest::Endpoint& endpoint) {
  if (changes_something(request.method)) {
    if (auto refusal = check_origin(request)) return refusal;
  }
  if (keys_) return check_key(request, endpoint);
  if (endpoint.scope) {
    if (auto refusal = check_host(request)) return refusal;
  }
  request.caller = rest::Caller{.key = {}, .name = {}, .scopes = rest::Scopes::all()};
  return std::nullopt;
}

// A browser says which page a request comes from whenever it may change something.
std::optional<AccessGate::Refusal> AccessGate::check_origin(const http::Request& request) const {
  const auto origin = request.header("origin");
  if (!origin) return std::nullopt;
  if (authority_of(*origin) == request.header("host").value_or("") || is_allowed_origin(*origin)) {
    return std::nullopt;
  }
  return Refusal{403, fmt::format("a page of {} may not change anything here; the setting "
                                  "cors_origins lists those that may",
                                  *origin)};
}

// Refuses foreign host names that lead to this machine: a page of another site could read through
// them (DNS rebinding).
std::optional<AccessGate::Refusal> AccessGate::check_host(const http::Request& request) const {
  const auto host = request.header("host");
  if (!host || is_this_machine(host_of(*host)) ||
      std::ranges::find(options_.allowed_hosts, host_of(*host)) != options_.allowed_hosts.end()) {
    return std::nullopt;
  }
  return Refusal{403, fmt::format("without API keys konomi answers under the names of this machine "
                                  "only, not under {}; add it to the setting allowed_hosts, or set "
                                  "keys_file",
                                  *host)};
}

std::optional<AccessGate::Refusal> AccessGate::check_key(http::Request& request,
                                                         const rest::Endpoint& endpoint) {
  std::shared_ptr<const KnownKey> known;
  bool by_cookie = false;
  const auto authorization = request.header("authorization");
  if (authorization && is_bearer(*authorization)) {
    known = keys_->of_token(authorization->substr(kBearer.size()), clock_.now());
  } else if (const auto session = cookie_of(request)) {
    known = keys_->of_session(*session, clock_.now());
    by_cookie = true;
  }
  if (known) {
    request.caller =
        rest::Caller{.key = known->key.id, .name = known->key.name, .scopes = known->key.scopes};
  }
  if (!endpoint.scope) return std::nullopt;
  if (!known) {
    return Refusal{401, authorization || by_cookie
                            ? "this API key or session is not known here, or has expired; make a "
                              "key with `konomi keys create`, or sign in again"
                            : "an API key is needed: send it as \"Authorization: Bearer KEY\"; "
                              "`konomi keys create` makes one"};
  }
  if (by_cookie && changes_something(request.method) && !request.header("origin")) {
    return Refusal{403,
                   "with a session, what changes something must say where it comes from in "
                   "an Origin header, as browsers do; programs send an API key"};
  }
  const std::uint64_t per_second = known->key.requests_per_second_max > 0
                                       ? known->key.requests_per_second_max
                                       : options_.requests_per_second_max;
  if (per_second > 0) {
    if (const auto wait = known->rate->try_pass(per_second, std::chrono::steady_clock::now())) {
      return Refusal{429,
                     fmt::format("the API key {} may send {} requests a second; wait as long as "
                                 "Retry-After says, or send more orders in a request",
                                 known->key.id, per_second),
                     *wait};
    }
  }
  if (!known->key.scopes.has(*endpoint.scope)) {
    return Refusal{403, fmt::format("the API key {} has not the scope \"{}\", which this needs; it "
                                    "has {}",
                                    known->key.id, rest::name_of(*endpoint.scope),
                                    to_string(known->key.scopes))};
  }
  return std::nullopt;
}

Result<void> AccessGate::answered(const http::Request& request, const rest::Endpoint& endpoint,
                                  const rest::Answer& answer) {
  const bool is_audited =
      !answer.audit.empty() || endpoint.scope == rest::Scope::exports ||
      (endpoint.scope == rest::Scope::admin && changes_something(request.method));
  if (!is_audited) return {};
  const rest::Caller& caller = rest::caller_of(request);
  const auto written =
      audit_.write({.action = fmt::format("{} {}", http::name_of(request.method), endpoint.pattern),
                    .target = target_of(request),
                    .key = caller.key,
                    .name = caller.name,
                    .remote = request.remote,
                    .status = answer.response.status,
                    .details = answer.audit});
  if (written) return {};
  return std::unexpected(Error{.code = ErrorCode::unavailable,
                               .message = written.error().message +
                                          "; nothing is answered without it, although it may have "
                                          "been done",
                               .may_have_happened = true});
}

bool AccessGate::is_allowed_origin(std::string_view origin) const {
  return std::ranges::find(options_.cors_origins, origin) != options_.cors_origins.end();
}

void AccessGate::decorate(const http::Request& request, http::Response& response) {
  if (options_.cors_origins.empty()) return;
  response.headers.emplace_back("Vary", "Origin");
  const auto origin = request.header("origin");
  if (!origin || !is_allowed_origin(*origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", *origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
  if (request.method != Method::options || !request.header("access-control-request-method")) return;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
  response.headers.emplace_back(
      "Access-Control-Allow-Headers",
      "Authorization, Content-Type, Content-Encoding, Idempotency-Key, Traceparent");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
}

}  // namespace konomi::access
