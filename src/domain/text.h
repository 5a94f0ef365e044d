#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace konomi {

// Says why `text` is not well-formed UTF-8 free of control characters (Unicode category Cc), or
// returns nothing when it is. Overlong forms, surrogates and code points past U+10FFFF are refused
// (Unicode 15, table 3-7).
std::optional<std::string> text_problem(std::string_view text);

// `text` in double quotes for an error message: control characters and broken bytes as \xNN, cut
// after 64 bytes.
std::string quote(std::string_view text);

}  // namespace konomi
