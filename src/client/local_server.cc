#include "client/local_server.h"

#include "rest/caller.h"

#include <charconv>
#include <future>
#include <memory>
#include <utility>

namespace konomi::client {

Result<Answer> LocalServer::post(std::string_view path, std::string_view content_type,
                                 std::string_view body) {
  return ask({.method = http::Method::post,
              .path = std::string(path),
              .headers = {{"content-type", std::string(content_type)}},
              .body = body});
}

Result<Answer> LocalServer::put(std::string_view path, std::string_view content_type,
                                std::string_view body) {
  return ask({.method = http::Method::put,
              .path = std::string(path),
              .headers = {{"content-type", std::string(content_type)}},
              .body = body});
}

Result<Answer> LocalServer::get(std::string_view path) {
  http::Request request{.method = http::Method::get};
  KONOMI_CHECK_OK(http::set_target(request, path));
  return ask(std::move(request));
}

Result<Answer> LocalServer::ask(http::Request request) {
  // A user who may open the data directory may do everything with it.
  request.caller = rest::Caller{.key = {}, .name = {}, .scopes = rest::Scopes::all()};
  http::Router::Match match = router_.match(request);
  http::Response response;
  if (match.route == nullptr) {
    response = std::move(match.response);
  } else if (match.route->blocking) {
    response = match.route->blocking(request);
  } else {
    // Shared, because the replying thread still holds it when the answer is already taken.
    const auto promise = std::make_shared<std::promise<http::Response>>();
    match.route->async(request,
                       [promise](http::Response reply) { promise->set_value(std::move(reply)); });
    response = promise->get_future().get();
  }
  Answer answer{.status = response.status, .body = std::move(response.body), .retry_after = {}};
  std::string chunk;
  while (response.stream) {
    KONOMI_TRY(const bool more, response.stream(chunk));
    if (!more) break;
    answer.body += chunk;
  }
  for (const auto& [name, value] : response.headers) {
    unsigned seconds = 0;
    const char* const end = value.data() + value.size();
    if (name == "Retry-After" && std::from_chars(value.data(), end, seconds).ptr == end) {
      answer.retry_after = std::chrono::seconds(seconds);
    }
  }
  return answer;
}

}  // namespace konomi::client
