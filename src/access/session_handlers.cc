#include "access/session_handlers.h"

#include "access/access_gate.h"
#include "wire/json_writer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <string>

namespace konomi::access {
namespace {

constexpr std::chrono::hours kSessionTime{12};

// Over TLS, also when a proxy before this server speaks it: browsers send the page's origin.
bool is_secure(const http::Request& request) {
  return request.tls || request.header("origin").value_or("").starts_with("https://");
}

std::string cookie(const http::Request& request, std::string_view value,
                   std::chrono::seconds max_age) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", kSessionCookie,
                     value, max_age.count(), is_secure(request) ? "; Secure" : "");
}

http::Response session_response(bool required, const rest::Caller& caller) {
  wire::JsonWriter json;
  json.begin_object();
  json.key("required").boolean(required);
  json.key("signed_in").boolean(required && !caller.key.empty());
  json.key("key").text_or_null(caller.name.empty() ? caller.key : caller.name);
  json.key("scopes").begin_array();
  for (const std::string_view name : names_of(caller.scopes)) json.text(name);
  json.end_array().end_object();
  return {.body = json.take()};
}

}  // namespace

void SessionHandlers::register_routes(rest::Router& router) const {
  constexpr std::string_view kPath = "/api/v1/session";
  router.add(http::Method::get, kPath, rest::kOpen,
             [this](const http::Request& request) { return show(request); });
  router.add(http::Method::post, kPath, rest::kOpen,
             [this](const http::Request& request) { return sign_in(request); });
  router.add(http::Method::del, kPath, rest::kOpen,
             [this](const http::Request& request) { return sign_out(request); });
}

http::Response SessionHandlers::show(const http::Request& request) const {
  return session_response(keys_ != nullptr, rest::caller_of(request));
}

Result<rest::Answer> SessionHandlers::sign_in(const http::Request& request) const {
  simdjson::dom::parser parser;
  simdjson::dom::element body;
  std::string_view token;
  if (const auto error = parser.parse(request.body.data(), request.body.size()).get(body)) {
    return rest::problem_response(
        400, fmt::format("the body is no JSON: {}", simdjson::error_message(error)));
  }
  if (body["key"].get(token) != simdjson::SUCCESS) {
    return rest::problem_response(400, R"(expected a body such as {"key":"konomi_…"})");
  }
  if (!keys_) return session_response(false, rest::caller_of(request));
  const Timestamp now = clock_.now();
  const auto known = keys_->of_token(token, now);
  AuditEvent event{.action = "sign in", .remote = request.remote, .status = known ? 200U : 401U};
  if (known) {
    event.key = known->key.id;
    event.name = known->key.name;
  }
  KONOMI_CHECK_OK(audit_.write(event));
  if (!known) {
    return rest::problem_response(
        401,
        "this API key is not known here, or has expired; `konomi keys list` shows those that "
        "are valid");
  }
  Timestamp expires_at = now + kSessionTime;
  if (known->key.expires_at) expires_at = std::min(expires_at, *known->key.expires_at);
  http::Response response = session_response(
      true, {.key = known->key.id, .name = known->key.name, .scopes = known->key.scopes});
  response.headers.emplace_back("Set-Cookie",
                                cookie(request, sign_session(known->key, expires_at),
                                       std::chrono::floor<std::chrono::seconds>(expires_at - now)));
  return response;
}

http::Response SessionHandlers::sign_out(const http::Request& request) const {
  http::Response response{.status = 204, .content_type = {}};
  response.headers.emplace_back("Set-Cookie", cookie(request, "", std::chrono::seconds(0)));
  return response;
}

}  // namespace konomi::access
