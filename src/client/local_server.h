#pragma once

#include "client/server.h"
#include "http/router.h"

#include <string>

namespace konomi::client {

// The konomi of this process, asked through its router as if over HTTP. Used by one thread at a
// time.
class LocalServer final : public Server {
 public:
  // `router` and the konomi behind it outlive the object. `name` is for messages.
  LocalServer(const http::Router& router, std::string name)
      : router_(router), name_(std::move(name)) {}

  Result<Answer> post(std::string_view path, std::string_view content_type,
                      std::string_view body) override;
  Result<Answer> put(std::string_view path, std::string_view content_type,
                     std::string_view body) override;
  Result<Answer> get(std::string_view path) override;
  std::string name() const override { return name_; }

 private:
  Result<Answer> ask(http::Request request);

  const http::Router& router_;
  const std::string name_;
};

}  // namespace konomi::client
