#include "client/http_server.h"

#include <charconv>

namespace konomi::client {
namespace {

Answer to_answer(http::ClientResponse response) {
  Answer answer{.status = response.status, .body = std::move(response.body), .retry_after = {}};
  if (const auto text = response.header("retry-after")) {
    unsigned seconds = 0;
    const char* const end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, seconds);
    if (error == std::errc{} && at == end) answer.retry_after = std::chrono::seconds(seconds);
  }
  return answer;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(std::string_view url,
                                                       http::ClientOptions options) {
  KONOMI_TRY(http::Client client, http::Client::create(url, std::move(options)));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(client)));
}

Result<Answer> HttpServer::post(std::string_view path, std::string_view content_type,
                                std::string_view body) {
  KONOMI_TRY(http::ClientResponse response, client_.post(path, content_type, body));
  return to_answer(std::move(response));
}

Result<Answer> HttpServer::put(std::string_view path, std::string_view content_type,
                               std::string_view body) {
  KONOMI_TRY(http::ClientResponse response, client_.put(path, content_type, body));
  return to_answer(std::move(response));
}

Result<Answer> HttpServer::get(std::string_view path) {
  KONOMI_TRY(http::ClientResponse response, client_.get(path));
  return to_answer(std::move(response));
}

std::string HttpServer::name() const {
  return std::string(client_.url());
}

}  // namespace konomi::client
