#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace konomi {

// Two lower-case digits for each byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

// What one hexadecimal digit, lower or upper case, stands for: 0 to 15. -1 for any other character.
constexpr int hex_digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace konomi
