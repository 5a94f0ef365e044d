#include "http/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace konomi::http {
namespace {

constexpr std::string_view kForBrowsers =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
constexpr std::string_view kNothingToLoad =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.contains(c);
}

bool is_control_character(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (name.empty() || !std::ranges::all_of(name, is_token_character)) return;
  out.append(name).append(": ");
  std::ranges::transform(value, std::back_inserter(out),
                         [](char c) { return is_control_character(c) ? ' ' : c; });
  out.append("\r\n");
}

void append_number(std::string& out, std::size_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

}  // namespace

void append_head(std::string& out, const Response& response, const AnswerForm& form) {
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, response.status);
    out.append(" ");
    out.append(reason_of(response.status));
    out.append("\r\n");
  }
  if (!response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  bool has_caching = false;
  bool has_policy = false;
  for (const auto& [name, value] : response.headers) {
    append_header(out, name, value);
    has_caching = has_caching || name == "Cache-Control";
    has_policy = has_policy || name == "Content-Security-Policy";
  }
  out.append(kForBrowsers);
  if (!has_caching) out.append("Cache-Control: no-store\r\n");
  if (!has_policy) out.append(kNothingToLoad);
  if (form.tls) out.append("Strict-Transport-Security: max-age=31536000\r\n");
  const bool bodiless = response.status == 204 || response.status == 304;
  if (form.framing == Framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (form.framing == Framing::content_length && !bodiless) {
    out.append("Content-Length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  }
  if (!form.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (form.http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

void append_chunk(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
  out.append(piece).append("\r\n");
}

}  // namespace konomi::http
