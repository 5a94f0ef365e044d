#include "api/process_handlers.h"

#include "api/answers.h"
#include "http/message.h"

#include <string_view>
#include <utility>

namespace konomi::api {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kExpositionText = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

ProcessHandlers::ProcessHandlers(const Metrics& metrics, Readiness ready, std::string openapi)
    : metrics_(metrics), ready_(std::move(ready)), openapi_(std::move(openapi)) {}

void ProcessHandlers::register_routes(http::Router& router) const {
  add_route(router, http::Method::get, "/livez", [](const http::Request&) {
    return http::Response{.content_type = kPlainText, .body = "ok\n"};
  });
  add_route(router, http::Method::get, "/readyz", [this](const http::Request&) {
    const Result<void> ready = ready_();
    if (ready) return http::Response{.content_type = kPlainText, .body = "ok\n"};
    return http::Response{
        .status = 503, .content_type = kPlainText, .body = ready.error().message + "\n"};
  });
  add_route(router, http::Method::get, "/metrics", [this](const http::Request&) {
    return http::Response{.content_type = kExpositionText, .body = metrics_.exposition()};
  });
  add_route(router, http::Method::get, "/openapi.json",
            [this](const http::Request&) { return http::Response{.body = openapi_}; });
}

}  // namespace konomi::api
