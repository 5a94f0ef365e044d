#pragma once

#include "client/server.h"
#include "http/client.h"

#include <memory>

namespace konomi::client {

// A running konomi, over HTTP.
class HttpServer final : public Server {
 public:
  // `invalid_argument` for a URL that is none. Does not connect.
  static Result<std::unique_ptr<HttpServer>> create(std::string_view url,
                                                    http::ClientOptions options);

  Result<Answer> post(std::string_view path, std::string_view content_type,
                      std::string_view body) override;
  Result<Answer> put(std::string_view path, std::string_view content_type,
                     std::string_view body) override;
  Result<Answer> get(std::string_view path) override;
  std::string name() const override;

 private:
  explicit HttpServer(http::Client client) : client_(std::move(client)) {}

  http::Client client_;
};

}  // namespace konomi::client
