#include "rest/answer.h"

#include <string>

namespace konomi::rest {

Result<http::Response> streamed_response(std::string_view content_type, http::BodySource source) {
  http::Response response{.content_type = content_type};
  std::string piece;
  while (response.body.size() < kPieceBytes) {
    KONOMI_TRY(const bool more, source(piece));
    if (!more) return response;
    response.body += piece;
  }
  response.stream = std::move(source);
  return response;
}

}  // namespace konomi::rest
