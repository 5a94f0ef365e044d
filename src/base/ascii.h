#pragma once

#include <algorithm>
#include <string_view>

namespace konomi {

// 'A' to 'Z' become 'a' to 'z'; everything else stays, whatever the locale.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether two names of a protocol, such as media types, are the same: the case of letters does not
// matter.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

}  // namespace konomi
