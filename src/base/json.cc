#include "base/json.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace konomi {
namespace {

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
      return;
  }
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  std::size_t clean = 0;  // What lies before it, from `start` on, is appended in one go.
  std::size_t start = 0;
  const auto flush = [&] { out.append(text.substr(start, clean - start)); };
  while (clean < text.size()) {
    const char c = text[clean];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      flush();
      append_escape(out, c);
      start = ++clean;
    } else if (byte < 0x80) {  // Most texts are nothing else, and need no look at code points.
      ++clean;
    } else if (const std::size_t length = first_code_point(text.substr(clean)).bytes; length > 0) {
      clean += length;
    } else {
      flush();
      out += "\xEF\xBF\xBD";
      start = ++clean;
    }
  }
  flush();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

}  // namespace konomi
