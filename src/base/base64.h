#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace konomi {

// RFC 4648 with "+" and "/", padded with "=".
std::string to_base64(std::string_view bytes);

// RFC 4648 with "-" and "_", without padding: fit for URLs.
std::string to_base64url(std::string_view bytes);

// Exactly what to_base64url() writes: no padding, and the bits left over are 0. Else nothing.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace konomi
