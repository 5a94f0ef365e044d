#include "rest/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace konomi::rest {
namespace {

struct ScopeName {
  Scope scope;
  std::string_view name;
};
constexpr std::array kNames = {
    ScopeName{Scope::ingest, "ingest"},  ScopeName{Scope::read, "read"},
    ScopeName{Scope::exports, "export"}, ScopeName{Scope::metrics, "metrics"},
    ScopeName{Scope::admin, "admin"},
};

}  // namespace

std::string_view name_of(Scope scope) {
  return std::ranges::find(kNames, scope, &ScopeName::scope)->name;
}

std::vector<std::string_view> names_of(Scopes scopes) {
  std::vector<std::string_view> names;
  for (const ScopeName& known : kNames) {
    if (scopes.has(known.scope)) names.push_back(known.name);
  }
  return names;
}

std::string to_string(Scopes scopes) {
  return fmt::format("{}", fmt::join(names_of(scopes), ","));
}

Result<Scopes> parse_scopes(std::string_view text) {
  Scopes scopes;
  const std::string_view whole = text;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const auto known = std::ranges::find(kNames, word, &ScopeName::name);
    if (known == kNames.end()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" names an unknown scope \"{}\"; expected a list of ingest, "
                              "read, export, metrics and admin, separated by commas",
                              whole, word));
    }
    scopes.add(known->scope);
    if (comma == std::string_view::npos) return scopes;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace konomi::rest
