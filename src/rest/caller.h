#pragma once

#include "http/message.h"
#include "rest/scope.h"

#include <string>

namespace konomi::rest {

// Who sends a request: what the gate puts into http::Request::caller. By default nobody, who may
// nothing.
struct Caller {
  std::string key;   // The public id of the API key; empty without a key.
  std::string name;  // The key's.
  Scopes scopes;
};

// Nobody, where no gate has put anyone. Valid as long as the request.
const Caller& caller_of(const http::Request& request);

}  // namespace konomi::rest
