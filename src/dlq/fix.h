#pragma once

#include "base/result.h"
#include "dlq/letter_order.h"
#include "domain/ids.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::dlq {

// What is changed about orders before they are replayed: first by rule, then by edit.
struct Fix {
  std::map<MenuType, MenuType> renamed_menu_types;
  OrderTexts edited;  // The fields that are given replace those of the letter.

  bool edits() const { return edited != OrderTexts{}; }
};

struct FieldChange {
  std::string_view field;  // A name of kOrderTexts.
  std::optional<std::string> from;
  std::optional<std::string> to;

  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

// Changes `order`, and says what. `order` has no fields when the letter could not be read.
std::vector<FieldChange> apply(const Fix& fix, OrderTexts& order);

// "menu_type "washok" is now "washoku"; …"; "as it was" for no change.
std::string in_words(const std::vector<FieldChange>& changes);

}  // namespace konomi::dlq
