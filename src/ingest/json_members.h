#pragma once

#include "domain/order.h"

#include <simdjson.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::ingest {

namespace ondemand = simdjson::ondemand;

// How deep a value that nobody reads may nest.
inline constexpr int kNestingMax = 64;

// A text member of an object, and the member of `Target` that receives it.
template <class Target>
struct TextMember {
  std::string_view name;
  std::optional<std::string_view> Target::* slot;
};

// "the number 42", "a string", "an array": what came, for an error message. `token` begins with the
// value.
std::string describe_json(std::string_view token);

// Reads over a value and checks its syntax to the last byte: on-demand parsing would skip it.
// DEPTH_ERROR when it nests deeper than kNestingMax.
simdjson::error_code check_syntax(ondemand::value& value, int depth = 0);

// A text into `slot`; null empties it; another type empties it and notes a problem at `pointer`.
simdjson::error_code read_text(ondemand::value& value, std::string_view name,
                               std::optional<std::string_view>& slot,
                               std::vector<FieldProblem>& problems);

// Reads all members of an object: those in `members` as texts, every other one by `other(name,
// value)`, which must consume it. Of a repeated member the last one counts. Anything but SUCCESS
// means that the JSON is malformed and its document must not be read further.
template <class Target, class Other>
simdjson::error_code read_members(ondemand::object& object,
                                  std::span<const TextMember<Target>> members, Target& target,
                                  std::vector<FieldProblem>& problems, Other&& other) {
  // Senders keep their order of fields: the next one is most likely the one after the last.
  std::size_t likely = 0;
  const auto find = [&](const auto& matches) -> const TextMember<Target>* {
    for (std::size_t tried = 0; tried < members.size(); ++tried, ++likely) {
      if (likely == members.size()) likely = 0;
      if (matches(members[likely].name)) return &members[likely++];
    }
    return nullptr;
  };
  for (auto result : object) {
    ondemand::field field;
    if (const auto error = std::move(result).get(field)) return error;
    const ondemand::raw_json_string key = field.key();
    const auto* member = find([&](std::string_view name) { return key.unsafe_is_equal(name); });
    std::string_view name;
    if (member == nullptr) {
      // Unknown, or a known one written with escapes.
      if (const auto error = field.unescaped_key().get(name)) return error;
      member = find([&](std::string_view known) { return name == known; });
    }
    const auto error =
        member != nullptr ? read_text(field.value(), member->name, target.*(member->slot), problems)
                          : other(name, field.value());
    if (error) return error;
  }
  return simdjson::SUCCESS;
}

}  // namespace konomi::ingest
