#pragma once

#include "base/result.h"
#include "dlq/reprocessing.h"
#include "rest/router.h"

namespace konomi::api {

// Dead letters, listed, shown, replayed and discarded by people. Blocking; safe from every thread;
// what it is made of outlives it.
class LetterHandlers {
 public:
  explicit LetterHandlers(dlq::Reprocessing& letters) : letters_(letters) {}

  void register_routes(rest::Router& router) const;

 private:
  Result<http::Response> list(const http::Request& request) const;
  Result<http::Response> show(const http::Request& request) const;
  Result<http::Response> replay(const http::Request& request) const;
  Result<http::Response> discard(const http::Request& request) const;

  dlq::Reprocessing& letters_;
};

}  // namespace konomi::api
