#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace konomi::wire {

// A member of what konomi itself wrote, for readers that take what they find: empty when it is not
// there or is no text.
std::string text_at(const simdjson::dom::element& json, std::string_view name);

// 0 when it is not there or is no number from 0 on.
std::uint64_t number_at(const simdjson::dom::element& json, std::string_view name);

}  // namespace konomi::wire
