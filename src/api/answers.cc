#include "api/answers.h"

#include "wire/order.h"

#include <string>
#include <utility>

namespace konomi::api {
namespace {

http::Response error_answer(const Error& error, http::ErrorShape shape) {
  http::Response problem = http::problem_response(error);
  if (shape == http::ErrorShape::problem) return problem;
  http::Response answer = http::error_response(problem.status, error.message);
  for (auto& header : problem.headers) answer.headers.push_back(std::move(header));
  return answer;
}

}  // namespace

void add_route(http::Router& router, http::Method method, std::string_view pattern,
               std::optional<http::Scope> scope, Handler handler, http::ErrorShape shape) {
  auto answer = [handler = std::move(handler), shape](const http::Request& request) {
    Result<http::Response> response = handler(request);
    return response ? *std::move(response) : error_answer(response.error(), shape);
  };
  router.add(method, pattern, scope, std::move(answer), shape);
}

http::Response json_response(wire::JsonWriter&& json) {
  return {.body = json.take()};
}

http::Response refusal(std::string_view detail, const std::vector<FieldProblem>& problems) {
  wire::JsonWriter errors;
  wire::write_problems(errors, problems);
  return http::problem_response(400, detail, errors.take());
}

Result<http::Response> streamed_response(std::string_view content_type, http::BodySource source) {
  http::Response response{.content_type = content_type};
  std::string piece;
  while (response.body.size() < kPieceBytes) {
    KONOMI_TRY(const bool more, source(piece));
    if (!more) return response;
    response.body += piece;
  }
  response.stream = std::move(source);
  return response;
}

}  // namespace konomi::api
