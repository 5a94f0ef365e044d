#include "process/process_handlers.h"

#include "http/message.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace konomi::process {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kExpositionText = "text/plain; version=0.0.4; charset=utf-8";

http::Response plain_text(unsigned status, std::string body) {
  return {.status = status, .content_type = kPlainText, .body = std::move(body)};
}

http::Response ready_answer(const std::vector<Check>& checks) {
  const Result<void> ready = all_ok(checks);
  return ready ? plain_text(200, "ok\n") : plain_text(503, ready.error().message + "\n");
}

// In the form that Kubernetes' own servers give, which people and tools know.
http::Response every_check(const std::vector<Check>& checks) {
  std::string body;
  for (const Check& check : checks) {
    body += check.outcome
                ? fmt::format("[+]{} ok\n", check.name)
                : fmt::format("[-]{} failed: {}\n", check.name, check.outcome.error().message);
  }
  const bool ready = all_ok(checks).has_value();
  body += ready ? "readyz check passed\n" : "readyz check failed\n";
  return plain_text(ready ? 200 : 503, std::move(body));
}

}  // namespace

ProcessHandlers::ProcessHandlers(const Metrics& metrics, Readiness ready, std::string openapi)
    : metrics_(metrics), ready_(std::move(ready)), openapi_(std::move(openapi)) {}

std::vector<Check> ProcessHandlers::checks() {
  std::vector<Check> checks = ready_();
  if (all_ok(checks)) started_ = true;
  return checks;
}

// What was ready once has started; what it lacks later is for /readyz to tell.
http::Response ProcessHandlers::started() {
  return started_ ? plain_text(200, "ok\n") : ready_answer(checks());
}

void ProcessHandlers::register_routes(rest::Router& router) {
  // Probes are answered on the connection's thread: behind a full queue of workers they would tell
  // a supervisor that a busy process is dead.
  router.add_async(http::Method::get, "/livez", rest::kOpen,
                   [](const http::Request&, http::Reply reply) { reply(plain_text(200, "ok\n")); });
  router.add_async(http::Method::get, "/readyz", rest::kOpen,
                   [this](const http::Request& request, http::Reply reply) {
                     const std::vector<Check> found = checks();
                     const bool verbose = request.query_value("verbose").has_value();
                     reply(verbose ? every_check(found) : ready_answer(found));
                   });
  router.add_async(http::Method::get, "/startupz", rest::kOpen,
                   [this](const http::Request&, http::Reply reply) { reply(started()); });
  router.add(http::Method::get, "/metrics", rest::Scope::metrics, [this](const http::Request&) {
    return http::Response{.content_type = kExpositionText, .body = metrics_.exposition()};
  });
  router.add(http::Method::get, "/openapi.json", rest::kOpen,
             [this](const http::Request&) { return http::Response{.body = openapi_}; });
}

}  // namespace konomi::process
