#pragma once

#include "base/result.h"
#include "domain/order.h"
#include "http/message.h"
#include "http/router.h"
#include "wire/json_writer.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace konomi::api {

// A handler of this room: an Error becomes the error answer of its route's shape.
using Handler = std::function<Result<http::Response>(const http::Request& request)>;

void add_route(http::Router& router, http::Method method, std::string_view pattern,
               std::optional<http::Scope> scope, Handler handler,
               http::ErrorShape shape = http::ErrorShape::problem);

http::Response json_response(wire::JsonWriter&& json);

// 400 with every problem that was found in a body; `detail` says it in one sentence.
http::Response refusal(std::string_view detail, const std::vector<FieldProblem>& problems);

// About how much of a stream is sent at once.
inline constexpr std::size_t kPieceBytes = 64 * 1024;

// An answer of any length. Its first piece is made here and now: a failure that shows at the
// start is still an error answer, and an answer that ends within it has a length instead of chunks.
Result<http::Response> streamed_response(std::string_view content_type, http::BodySource source);

}  // namespace konomi::api
