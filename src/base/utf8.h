#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace konomi {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0: the bytes are not well-formed UTF-8 (RFC 3629).
};

// The code point at the front of `text`, which is not empty.
CodePoint first_code_point(std::string_view text);

}  // namespace konomi
