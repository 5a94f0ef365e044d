#pragma once

#include "http/message.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace konomi::http {

enum class Framing {
  content_length,
  chunked,       // HTTP/1.1, streamed.
  until_closed,  // HTTP/1.0, streamed: the end of the connection is the end of the body.
};

struct AnswerForm {
  Framing framing = Framing::content_length;
  bool http_1_0 = false;    // Whether the request was HTTP/1.0.
  bool keep_alive = false;  // Otherwise the answer says that the connection is closed.
  bool tls = false;
};

// Appends status line and headers, up to and including the empty line. Every answer tells browsers
// not to guess types, not to be framed, not to send referrers and to stay with TLS; one that does
// not say otherwise is not to be stored and may load nothing. A header of `response` whose name is
// no token is left out, and control characters in a value become spaces, so that no text of a
// handler can begin a header or an answer of its own.
void append_head(std::string& out, const Response& response, const AnswerForm& form);

// Appends `piece` as one chunk; nothing when it is empty, for an empty chunk is the end.
void append_chunk(std::string& out, std::string_view piece);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace konomi::http
