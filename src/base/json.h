#pragma once

#include <string>
#include <string_view>

namespace konomi {

// Appends `text` as the inside of a JSON string (RFC 8259). Bytes that are not UTF-8 become U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);

// Appends the whole string, with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace konomi
