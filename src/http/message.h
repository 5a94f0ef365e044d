#pragma once

#include "base/result.h"

#include <any>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::http {

enum class Method : std::uint8_t { get, head, post, put, del, options, other };

// "GET"; "OTHER" for what no route can have.
std::string_view name_of(Method method);

// One request, as a handler sees it: target split and percent-decoded, body complete and gunzipped.
// Valid until the reply is given.
struct Request {
  Method method = Method::get;
  std::string path;                 // As sent, percent-encoded, without the query.
  std::vector<std::string> params;  // What the route's {placeholders} matched, percent-decoded.
  std::vector<std::pair<std::string, std::string>> query;  // Decoded, in order.
  // Only the fields that konomi reads (RequestReader::take_field). Names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
  std::string remote;  // The connection's other side, an IP address.
  bool tls = false;    // It came over TLS.
  std::any caller;     // What the gate found out about the sender, for the handlers: see gate.h.

  // The first value, or nothing.
  std::optional<std::string_view> query_value(std::string_view name) const;
  std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

// Splits a request target into request.path, as sent, and request.query, decoded. invalid_argument
// when an escape is broken or the path does not start with "/": answer 400.
Result<void> set_target(Request& request, std::string_view target);

// Produces a streamed body piece by piece on a worker thread: replaces `chunk` and returns true, or
// returns false at the end. An error closes the connection, so that a cut answer never looks
// complete.
using BodySource = std::move_only_function<Result<bool>(std::string& chunk)>;

struct Response {
  unsigned status = 200;
  std::string_view content_type = "application/json";  // A literal; empty: no such header.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  BodySource stream;  // When set, sent chunked after `body`, which may hold its beginning.
};

// "Not Found", as it stands in the status line; "<unknown-status>" for a status that has no name.
std::string_view reason_of(unsigned status);

}  // namespace konomi::http
