#pragma once

#include "dlq/fix.h"
#include "domain/ids.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace konomi::sim {

// Some tills misspell a menu type. Where unknown types are refused, the catalogue holds the right
// names only, so that such an order becomes a dead letter until somebody mends the name.

inline constexpr std::string_view kMisspelling = " misspelt";

inline MenuType type_named(int number) {
  return MenuType(fmt::format("type{}", number));
}

inline MenuType misspelt(const MenuType& type) {
  return MenuType(fmt::format("{}{}", type.value(), kMisspelling));
}

// The type that a till meant.
inline MenuType as_meant(const MenuType& type) {
  std::string_view name = type.value();
  if (name.ends_with(kMisspelling)) name.remove_suffix(kMisspelling.size());
  return MenuType(std::string(name));
}

// How all misspelt names are mended, of so many types.
inline dlq::Fix right_names(int types) {
  dlq::Fix fix;
  for (int i = 1; i <= types; ++i)
    fix.renamed_menu_types.emplace(misspelt(type_named(i)), type_named(i));
  return fix;
}

}  // namespace konomi::sim
