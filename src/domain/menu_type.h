#pragma once

#include "base/result.h"
#include "domain/ids.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace konomi {

// One line of the catalogue: how a menu type is shown. Orders know only the id.
struct MenuTypeEntry {
  MenuType id;
  std::string label_ja;         // Empty: show the id.
  std::string label_en;         // Empty: show the id.
  std::string color;            // "#rrggbb", or empty: the page chooses.
  std::optional<int> position;  // Types with a position come first, by position.
  bool hidden = false;          // Not offered on the page; counted all the same.

  friend bool operator==(const MenuTypeEntry&, const MenuTypeEntry&) = default;
};

inline constexpr std::size_t kMenuTypesMaxDefault = 1000;

// Whether an order may bring a menu type that the catalogue does not hold.
enum class UnknownMenuTypes { accept, refuse };

std::string_view name_of(UnknownMenuTypes unknown);  // "accept", "refuse"

// The reverse of name_of(); `invalid_argument` for anything else.
Result<UnknownMenuTypes> parse_unknown_menu_types(std::string_view name);

// The menu types that orders may have.
struct KnownMenuTypes {
  std::unordered_set<MenuType> types;
  UnknownMenuTypes unknown = UnknownMenuTypes::accept;
  std::size_t types_max = 0;  // The catalogue's bound; one more type is refused.
};

// Two of the reasons why an order cannot be stored.
inline constexpr std::string_view kUnknownMenuType = "unknown_menu_type";
inline constexpr std::string_view kTooManyMenuTypes = "too_many_menu_types";

// Why an order cannot be stored, in a code and in words.
struct OrderRefusal {
  std::string reason;  // As in DeadLetter.
  std::string message;
};

// Why a type that is not among the known ones is refused; nothing when it may be added.
std::optional<OrderRefusal> refusal_of(const MenuType& type, const KnownMenuTypes& known);

// The catalogue's order: by position, then those without one in byte order of their ids.
bool comes_before(const MenuTypeEntry& a, const MenuTypeEntry& b);

// What every catalogue starts with: washoku and yoshoku.
std::vector<MenuTypeEntry> initial_menu_types();

// `invalid_argument` when the id, a label (at most 64 bytes each) or the colour is not well formed.
Result<void> check_menu_type_entry(const MenuTypeEntry& entry);

}  // namespace konomi
