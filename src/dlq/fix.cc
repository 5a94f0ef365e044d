#include "dlq/fix.h"

#include "domain/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace konomi::dlq {
namespace {

std::string shown(const std::optional<std::string>& text) {
  return text ? quote(*text) : "(none)";
}

}  // namespace

std::vector<FieldChange> apply(const Fix& fix, OrderTexts& order) {
  const OrderTexts before = order;
  if (order.menu_type) {
    const auto renamed = fix.renamed_menu_types.find(MenuType(*order.menu_type));
    if (renamed != fix.renamed_menu_types.end()) order.menu_type = renamed->second.value();
  }
  std::vector<FieldChange> changes;
  for (const auto& [name, text] : kOrderTexts) {
    if (fix.edited.*text) order.*text = fix.edited.*text;
    if (order.*text != before.*text)
      changes.push_back({.field = name, .from = before.*text, .to = order.*text});
  }
  return changes;
}

std::string in_words(const std::vector<FieldChange>& changes) {
  if (changes.empty()) return "as it was";
  std::vector<std::string> words;
  for (const FieldChange& change : changes) {
    words.push_back(
        fmt::format("{} {} is now {}", change.field, shown(change.from), shown(change.to)));
  }
  return fmt::format("{}", fmt::join(words, "; "));
}

}  // namespace konomi::dlq
