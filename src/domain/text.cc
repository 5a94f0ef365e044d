#include "domain/text.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace konomi {
namespace {

bool is_control(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7f && value <= 0x9f);
}

}  // namespace

std::optional<std::string> text_problem(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = first_code_point(text.substr(i));
    if (point.bytes == 0) return fmt::format("is not UTF-8 at byte {}", i);
    if (is_control(point.value))
      return fmt::format("holds the control character U+{:04X} at byte {}", point.value, i);
    i += point.bytes;
  }
  return std::nullopt;
}

std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out = "\"";
  std::size_t i = 0;
  while (i < text.size() && i < kShown) {
    const CodePoint point = first_code_point(text.substr(i));
    if (point.bytes == 0 || is_control(point.value)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[i]));
      ++i;
    } else {
      out += text.substr(i, point.bytes);
      i += point.bytes;
    }
  }
  out += i < text.size() ? "…\"" : "\"";
  return out;
}

}  // namespace konomi
