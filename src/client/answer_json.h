#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace konomi::client {

// A member of an answer of konomi's own API, for commands that show it: empty when it is not there
// or is no text.
std::string text_at(const simdjson::dom::element& json, std::string_view name);

// 0 when it is not there or is no number from 0 on.
std::uint64_t number_at(const simdjson::dom::element& json, std::string_view name);

}  // namespace konomi::client
