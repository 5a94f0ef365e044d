#include "rest/caller.h"

namespace konomi::rest {

const Caller& caller_of(const http::Request& request) {
  static const Caller nobody;
  const auto* const caller = std::any_cast<Caller>(&request.caller);
  return caller ? *caller : nobody;
}

}  // namespace konomi::rest
