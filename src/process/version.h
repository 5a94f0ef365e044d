#pragma once

#include <string_view>

namespace konomi::process {

inline constexpr std::string_view kVersion = KONOMI_VERSION;

}  // namespace konomi::process
