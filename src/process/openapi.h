#pragma once

#include <string_view>

namespace konomi::process {

// The text of docs/openapi.json, as it was when this binary was built.
std::string_view openapi_json();

}  // namespace konomi::process
