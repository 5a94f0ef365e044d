#include "ingest/json_members.h"

#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace konomi::ingest {
namespace {

std::string_view without_space_after(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view() : token.substr(0, last + 1);
}

// The grammar of RFC 8259, section 6. The value itself does not matter, so it may have any size.
bool is_json_number(std::string_view token) {
  std::size_t at = 0;
  const auto has = [&](std::string_view any_of) {
    return at < token.size() && any_of.find(token[at]) != std::string_view::npos;
  };
  const auto digits = [&] {
    const std::size_t begin = at;
    while (has("0123456789")) ++at;
    return at > begin;
  };
  if (has("-")) ++at;
  if (has("0")) {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (has(".")) {
    ++at;
    if (!digits()) return false;
  }
  if (has("eE")) {
    ++at;
    if (has("+-")) ++at;
    if (!digits()) return false;
  }
  return at == token.size();
}

bool is_json_literal(std::string_view token) {
  return token == "null" || token == "true" || token == "false" || is_json_number(token);
}

}  // namespace

std::string describe_json(std::string_view token) {
  token = without_space_after(token);
  if (token.starts_with('"')) return "a string";
  if (token.starts_with('{')) return "an object";
  if (token.starts_with('[')) return "an array";
  constexpr std::size_t kShown = 32;
  if (is_json_number(token)) {
    return fmt::format("the number {}{}", token.substr(0, kShown),
                       token.size() > kShown ? "…" : "");
  }
  if (is_json_literal(token)) return std::string(token);
  return quote(token.substr(0, kShown));
}

simdjson::error_code check_syntax(ondemand::value& value, int depth) {
  const std::string_view token = value.raw_json_token();
  if (token.empty()) return simdjson::TAPE_ERROR;
  switch (token.front()) {
    case '"':
      return value.get_string().error();
    case '{': {
      if (depth == kNestingMax) return simdjson::DEPTH_ERROR;
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      for (auto result : object) {
        ondemand::field field;
        if (const auto error = std::move(result).get(field)) return error;
        if (const auto error = field.unescaped_key().error()) return error;
        if (const auto error = check_syntax(field.value(), depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case '[': {
      if (depth == kNestingMax) return simdjson::DEPTH_ERROR;
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      for (auto result : array) {
        ondemand::value element;
        if (const auto error = std::move(result).get(element)) return error;
        if (const auto error = check_syntax(element, depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    default:
      return is_json_literal(without_space_after(token)) ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }
}

simdjson::error_code read_text(ondemand::value& value, std::string_view name,
                               std::optional<std::string_view>& slot,
                               std::vector<FieldProblem>& problems) {
  if (!problems.empty()) [[unlikely]] {
    std::erase_if(problems, [&](const FieldProblem& problem) {
      return problem.pointer.substr(1) == name;  // An earlier member of the same name had it.
    });
  }
  const std::string_view token = value.raw_json_token();
  if (token.starts_with('"')) [[likely]] {
    std::string_view text;
    if (const auto error = value.get_string().get(text)) return error;
    slot = text;
    return simdjson::SUCCESS;
  }
  slot.reset();
  if (without_space_after(token) == "null") return simdjson::SUCCESS;
  problems.push_back({.pointer = fmt::format("/{}", name),
                      .detail = fmt::format("expected a string, came {}", describe_json(token))});
  return check_syntax(value);
}

}  // namespace konomi::ingest
