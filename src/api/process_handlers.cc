#include "api/process_handlers.h"

#include "api/answers.h"
#include "http/message.h"

#include <string_view>
#include <utility>

namespace konomi::api {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kExpositionText = "text/plain; version=0.0.4; charset=utf-8";

http::Response plain_text(unsigned status, std::string body) {
  return {.status = status, .content_type = kPlainText, .body = std::move(body)};
}

}  // namespace

ProcessHandlers::ProcessHandlers(const Metrics& metrics, Readiness ready, std::string openapi)
    : metrics_(metrics), ready_(std::move(ready)), openapi_(std::move(openapi)) {}

void ProcessHandlers::register_routes(http::Router& router) const {
  // Probes are answered on the connection's thread: behind a full queue of workers they would tell
  // a supervisor that a busy process is dead.
  router.add_async(http::Method::get, "/livez", http::kOpen,
                   [](const http::Request&, http::Reply reply) { reply(plain_text(200, "ok\n")); });
  router.add_async(
      http::Method::get, "/readyz", http::kOpen, [this](const http::Request&, http::Reply reply) {
        const Result<void> ready = ready_();
        reply(ready ? plain_text(200, "ok\n") : plain_text(503, ready.error().message + "\n"));
      });
  add_route(router, http::Method::get, "/metrics", http::Scope::metrics,
            [this](const http::Request&) {
              return http::Response{.content_type = kExpositionText, .body = metrics_.exposition()};
            });
  add_route(router, http::Method::get, "/openapi.json", http::kOpen,
            [this](const http::Request&) { return http::Response{.body = openapi_}; });
}

}  // namespace konomi::api
