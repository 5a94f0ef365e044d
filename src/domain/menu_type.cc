#include "domain/menu_type.h"

#include "base/hex.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace konomi {
namespace {

constexpr std::size_t kTextBytesMax = 64;

Result<void> check_text(std::string_view what, std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} {} has {} bytes; expected at most {}", what, quote(text),
                            text.size(), kTextBytesMax));
  }
  if (const auto problem = text_problem(text)) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} {} {}", what, quote(text), *problem));
  }
  return {};
}

bool is_color(std::string_view text) {
  return text.size() == 7 && text[0] == '#' &&
         std::ranges::all_of(text.substr(1), [](char c) { return hex_digit_value(c) >= 0; });
}

}  // namespace

std::optional<OrderRefusal> refusal_of(const MenuType& type, const KnownMenuTypes& known) {
  if (known.unknown == UnknownMenuTypes::refuse) {
    return OrderRefusal{
        std::string(kUnknownMenuType),
        fmt::format("menu type {} is not in the catalogue, and unknown_menu_types is "
                    "\"refuse\"; add it to the catalogue and replay this record",
                    quote(type.value()))};
  }
  if (known.types.size() >= known.types_max) {
    return OrderRefusal{
        std::string(kTooManyMenuTypes),
        fmt::format("menu type {} would be one more than menu_types_max = {}; raise it "
                    "and replay this record",
                    quote(type.value()), known.types_max)};
  }
  return std::nullopt;
}

bool comes_before(const MenuTypeEntry& a, const MenuTypeEntry& b) {
  if (a.position.has_value() != b.position.has_value()) return a.position.has_value();
  if (a.position != b.position) return *a.position < *b.position;
  return a.id < b.id;
}

std::vector<MenuTypeEntry> initial_menu_types() {
  return {
      {.id = MenuType("washoku"),
       .label_ja = "和食",
       .label_en = "Japanese",
       .color = "",
       .position = 1},
      {.id = MenuType("yoshoku"),
       .label_ja = "洋食",
       .label_en = "Western",
       .color = "",
       .position = 2},
  };
}

Result<void> check_menu_type_entry(const MenuTypeEntry& entry) {
  if (entry.id.value().empty()) return fail(ErrorCode::invalid_argument, "menu_type is empty");
  KONOMI_CHECK_OK(check_text("menu_type", entry.id.value()));
  KONOMI_CHECK_OK(check_text("label ja", entry.label_ja));
  KONOMI_CHECK_OK(check_text("label en", entry.label_en));
  if (!entry.color.empty() && !is_color(entry.color)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("expected a color like \"#c0392b\", got {}", quote(entry.color)));
  }
  return {};
}

std::string_view name_of(UnknownMenuTypes unknown) {
  return unknown == UnknownMenuTypes::accept ? "accept" : "refuse";
}

Result<UnknownMenuTypes> parse_unknown_menu_types(std::string_view name) {
  for (const auto unknown : {UnknownMenuTypes::accept, UnknownMenuTypes::refuse}) {
    if (name == name_of(unknown)) return unknown;
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("expected \"accept\" or \"refuse\", got {}", quote(name)));
}

}  // namespace konomi
