#include "http/message.h"

#include "base/percent.h"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace konomi::http {
namespace {

template <class Pairs>
std::optional<std::string_view> first_value(const Pairs& pairs, std::string_view name) {
  const auto found =
      std::ranges::find_if(pairs, [&](const auto& pair) { return pair.first == name; });
  if (found == pairs.end()) return std::nullopt;
  return std::string_view(found->second);
}

Result<void> parse_query(std::string_view text, Request& request) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
      return fail(ErrorCode::invalid_argument,
                  "expected every % in the query to be followed by two hexadecimal digits");
    }
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      break;
  }
  return "OTHER";
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  return first_value(query, name);
}

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  return first_value(headers, lower_case_name);
}

Result<void> set_target(Request& request, std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    // The absolute form, as sent to a proxy: the path starts after the authority.
    const std::size_t authority = target.find("//") + 2;
    const std::size_t path = target.find_first_of("/?", authority);
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path.assign(target.substr(0, question));
  request.query.clear();
  if (!request.path.starts_with('/') && request.path != "*") {
    return fail(ErrorCode::invalid_argument, "expected a path that starts with \"/\"");
  }
  if (question == target.size()) return {};
  return parse_query(target.substr(question + 1), request);
}

std::string_view reason_of(unsigned status) {
  return boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
}

}  // namespace konomi::http
