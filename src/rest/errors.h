#pragma once

#include "base/result.h"
#include "domain/order.h"
#include "http/message.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace konomi::rest {

// How a path tells errors. The paths of the first version keep the body that its clients read; all
// others speak RFC 9457.
enum class ErrorShape : std::uint8_t {
  first_version,  // {"error":"…"}
  problem,        // {"type":"about:blank","title":"Not Found","status":404,"detail":"…"}
};

// The one place where an error becomes bytes.
http::Response error_response(ErrorShape shape, unsigned status, std::string_view message);

// The answer to an error of a port: invalid_argument 400, not_found 404, overloaded 503 +
// Retry-After, storage_full 507, unavailable and timed_out 503 + Retry-After, the others 500.
http::Response error_response(ErrorShape shape, const Error& error);

// ErrorShape::problem. `extra_members` is JSON text such as `"errors":[…]`, or empty.
http::Response problem_response(unsigned status, std::string_view detail,
                                std::string_view extra_members = {});

// 400 with every problem that was found in a body; `detail` says it in one sentence.
http::Response refusal(std::string_view detail, const std::vector<FieldProblem>& problems);

}  // namespace konomi::rest
