#include "http/static_files.h"

#include "base/assert.h"
#include "base/percent.h"

#include <algorithm>
#include <string>
#include <utility>

namespace konomi::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `take(element)` for every element of a header's comma-separated list, until it returns
// true.
template <class Take>
bool any_element(std::string_view list, Take take) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (take(trimmed(list.substr(0, comma)))) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool has_zero_weight(std::string_view parameters) {
  const std::size_t weight = parameters.find("q=");
  if (weight == std::string_view::npos) return false;
  const std::string_view digits = parameters.substr(weight + 2);
  return digits.starts_with('0') && digits.find_first_of("123456789") == std::string_view::npos;
}

bool accepts_gzip(const Request& request) {
  return any_element(request.header("accept-encoding").value_or(""), [](std::string_view element) {
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    const std::string_view coding = trimmed(element.substr(0, semicolon));
    return (coding == "gzip" || coding == "*") && !has_zero_weight(element.substr(semicolon));
  });
}

bool wants_html(const Request& request) {
  return any_element(request.header("accept").value_or(""), [](std::string_view element) {
    return element.substr(0, element.find(';')) == "text/html";
  });
}

// If-None-Match compares weakly: W/ says nothing here.
bool client_has(const Request& request, const EmbeddedFile& file) {
  return any_element(request.header("if-none-match").value_or(""), [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    return element == "*" || element == file.etag;
  });
}

}  // namespace

StaticFiles::StaticFiles(std::span<const EmbeddedFile> files,
                         std::vector<std::string> page_segments, ErrorAnswer error_answer)
    : files_(files),
      page_segments_(std::move(page_segments)),
      error_answer_(std::move(error_answer)) {
  KONOMI_ASSERT(find("/index.html"), "the embedded files hold an index.html");
}

const EmbeddedFile* StaticFiles::find(std::string_view path) const {
  const auto found = std::ranges::find(files_, path, &EmbeddedFile::path);
  return found == files_.end() ? nullptr : &*found;
}

bool StaticFiles::is_routed_by_page(std::string_view path) const {
  if (path == "/") return true;
  const std::string_view first = path.substr(1, path.find('/', 1) - 1);
  return std::ranges::find(page_segments_, first) != page_segments_.end();
}

Response StaticFiles::serve(const Request& request) const {
  const auto path = percent_decode(request.path);
  const EmbeddedFile* file = path ? find(*path) : nullptr;
  if (!file && path && is_routed_by_page(*path)) file = find("/index.html");
  const bool is_missing = !file;
  // A person gets the page, which says so in words; a program gets an error.
  if (is_missing && wants_html(request)) file = find("/index.html");
  if (!file)
    return error_answer_(404, "there is nothing at " + request.path, request.path, nullptr);

  Response response{.status = is_missing ? 404U : 200U, .content_type = file->content_type};
  const bool never_changes = file->path.starts_with("/assets/");  // Their names hold a hash.
  response.headers = {
      {"ETag", std::string(file->etag)},
      {"Cache-Control", never_changes ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Vary", "Accept-Encoding"},
      {"Content-Security-Policy",
       "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src "
       "'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
  };
  if (!is_missing && client_has(request, *file)) {
    response.status = 304;
    response.content_type = {};
  } else if (!file->gzip_bytes.empty() && accepts_gzip(request)) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file->gzip_bytes;
  } else {
    response.body = file->bytes;
  }
  return response;
}

}  // namespace konomi::http
