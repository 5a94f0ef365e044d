#pragma once

#include <string_view>

namespace konomi::rest {

// Whether a Content-Type names this media type, which is given in lower case. Case does not matter,
// nor do parameters: JSON is always UTF-8.
bool is_media_type(std::string_view content_type, std::string_view name);

}  // namespace konomi::rest
