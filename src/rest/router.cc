#include "rest/router.h"

#include "base/assert.h"
#include "wire/json_writer.h"

#include <any>
#include <utility>

namespace konomi::rest {
namespace {

ErrorShape shape_of(std::string_view path, const http::Route* route) {
  if (route) return endpoint_of(*route).shape;
  return http::is_under(path, "/api/v1") ? ErrorShape::problem : ErrorShape::first_version;
}

}  // namespace

const Endpoint& endpoint_of(const http::Route& route) {
  const auto* const endpoint = std::any_cast<Endpoint>(&route.attributes);
  KONOMI_ASSERT(endpoint, "every route comes from a rest::Router");
  return *endpoint;
}

Router::Router(Auditor* auditor) : auditor_(auditor), table_(error_answer) {}

void Router::add(http::Method method, std::string_view pattern, std::optional<Scope> scope,
                 Handler handler, ErrorShape shape) {
  Endpoint endpoint{.pattern = std::string(pattern), .scope = scope, .shape = shape};
  auto answered = [auditor = auditor_, endpoint,
                   handler = std::move(handler)](const http::Request& request) {
    Result<Answer> answer = handler(request);
    if (!answer) answer = error_response(endpoint.shape, answer.error());
    if (auditor) {
      if (const auto written = auditor->answered(request, endpoint, *answer); !written)
        return error_response(ErrorShape::problem, written.error());
    }
    return std::move(answer->response);
  };
  table_.add(method, pattern, std::move(answered), std::move(endpoint));
}

void Router::add_async(http::Method method, std::string_view pattern, std::optional<Scope> scope,
                       http::AsyncHandler handler, ErrorShape shape) {
  table_.add_async(method, pattern, std::move(handler),
                   Endpoint{.pattern = std::string(pattern), .scope = scope, .shape = shape});
}

void Router::set_page(http::BlockingHandler page) {
  table_.set_fallback(std::move(page), "/api");
}

http::Response error_answer(unsigned status, std::string_view message, std::string_view path,
                            const http::Route* route) {
  const ErrorShape shape = shape_of(path, route);
  if (shape == ErrorShape::first_version && (status == 404 || status == 405)) {
    wire::JsonWriter json;
    json.begin_object().key("message").text(http::reason_of(status)).end_object();
    return {.status = status, .body = json.take()};
  }
  std::string text(message);
  if (status == 404) text += "; /openapi.json lists the paths of this server";
  return error_response(shape, status, text);
}

}  // namespace konomi::rest
