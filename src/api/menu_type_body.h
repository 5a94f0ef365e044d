#pragma once

#include "domain/menu_type.h"
#include "domain/order.h"

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::api {

// Reads {"menu_types":[{"menu_type","labels"?,"color"?,"position"?,"hidden"?}]}, the body of PUT
// /api/v1/menu_types. What is absent or null in an entry is as in a new one; unknown fields are
// ignored. Else every problem found, each with the JSON pointer of its place ("" is the whole
// body).
std::expected<std::vector<MenuTypeEntry>, std::vector<FieldProblem>> parse_menu_types(
    std::string_view body);

// The reverse of parse_menu_types(): every field of every entry.
std::string menu_types_json(std::span<const MenuTypeEntry> entries);

}  // namespace konomi::api
