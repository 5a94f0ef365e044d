#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace konomi {

// Percent-encoding (RFC 3986), the one place that knows it. Why not Boost.URL:
// docs/decisions/0016-percent-code.md.

// The byte that the escape "%XX" at the front of `text` stands for. Nothing when `text` does not
// begin with a whole escape.
std::optional<char> escaped_byte(std::string_view text);

// Decodes every %XX, and "+" to a space when `plus_is_space`, as in queries. Any other byte stays
// as it is. Nothing when two hexadecimal digits do not follow a "%".
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Encodes everything but unreserved characters: fit for one path segment or one query value.
std::string percent_encode(std::string_view text);

}  // namespace konomi
