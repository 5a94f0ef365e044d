#include "rest/errors.h"

#include "wire/json_writer.h"
#include "wire/order.h"

namespace konomi::rest {
namespace {

// http takes its reasons from a table that follows the older RFC here.
std::string_view title_of(unsigned status) {
  return status == 413 ? "Content Too Large" : http::reason_of(status);
}

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::storage_full:
      return 507;
    case ErrorCode::overloaded:
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
      return 503;
    case ErrorCode::corrupted:
    case ErrorCode::cancelled:
    case ErrorCode::internal:
      break;
  }
  return 500;
}

}  // namespace

http::Response error_response(ErrorShape shape, unsigned status, std::string_view message) {
  if (shape == ErrorShape::problem) return problem_response(status, message);
  wire::JsonWriter json;
  json.begin_object().key("error").text(message).end_object();
  return {.status = status, .body = json.take()};
}

http::Response error_response(ErrorShape shape, const Error& error) {
  http::Response response = error_response(shape, status_of(error.code), error.message);
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

http::Response problem_response(unsigned status, std::string_view detail,
                                std::string_view extra_members) {
  wire::JsonWriter json;
  json.begin_object();
  json.key("type").text("about:blank");
  json.key("title").text(title_of(status));
  json.key("status").number(status);
  json.key("detail").text(detail);
  json.raw(extra_members).end_object();
  return {.status = status, .content_type = "application/problem+json", .body = json.take()};
}

http::Response refusal(std::string_view detail, const std::vector<FieldProblem>& problems) {
  wire::JsonWriter errors;
  wire::write_problems(errors, problems);
  return problem_response(400, detail, errors.take());
}

}  // namespace konomi::rest
