#pragma once

#include "base/result.h"
#include "http/message.h"
#include "rest/audit.h"

#include <cstddef>
#include <string_view>
#include <utility>

namespace konomi::rest {

// What a handler gives: a response, and what the audit log is to say of it. Details make an answer
// one that is written down, whatever its route.
struct Answer {
  // NOLINTNEXTLINE(google-explicit-constructor): most answers are just a response.
  Answer(http::Response its_response, AuditDetails its_audit = {})
      : response(std::move(its_response)), audit(std::move(its_audit)) {}

  http::Response response;
  AuditDetails audit;
};

// About how much of a stream is sent at once.
inline constexpr std::size_t kPieceBytes = 64 * 1024;

// A response of any length. Its first piece is made here and now: a failure that shows at the
// start is still an error answer, and a response that ends within it has a length instead of
// chunks.
Result<http::Response> streamed_response(std::string_view content_type, http::BodySource source);

}  // namespace konomi::rest
