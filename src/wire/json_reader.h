#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace konomi::wire {

// A member of what konomi itself wrote, for readers that take what they find: empty when it is not
// there or is not text.
std::string text_at(const simdjson::dom::element& json, std::string_view name);

// 0 when it is missing or is not a number of at least 0.
std::uint64_t number_at(const simdjson::dom::element& json, std::string_view name);

}  // namespace konomi::wire
