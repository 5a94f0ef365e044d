#include "api/menu_type_body.h"

#include "domain/text.h"
#include "wire/json_writer.h"
#include "wire/menu_type.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace konomi::api {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr int kPositionMax = 1'000'000;

// Reads the fields of one entry and collects what is wrong with them.
class EntryReader {
 public:
  EntryReader(std::string pointer, std::vector<FieldProblem>& problems)
      : pointer_(std::move(pointer)), problems_(problems) {}

  // Nothing when a problem was found.
  std::optional<MenuTypeEntry> read(const element& json) {
    const std::size_t problems_before = problems_.size();
    object fields;
    if (json.get_object().get(fields) != simdjson::SUCCESS) {
      add("", "expected an object with a menu_type");
      return std::nullopt;
    }
    MenuTypeEntry entry = read_fields(fields);
    if (problems_.size() == problems_before) {
      if (const auto checked = check_menu_type_entry(entry); !checked) {
        add("", checked.error().message);
      }
    }
    if (problems_.size() != problems_before) return std::nullopt;
    return entry;
  }

 private:
  MenuTypeEntry read_fields(const object& fields) {
    MenuTypeEntry entry;
    entry.id = MenuType(text_at(fields, "menu_type", "/menu_type"));
    if (const auto labels = present(fields, "labels")) {
      object by_language;
      if (labels->get_object().get(by_language) == simdjson::SUCCESS) {
        entry.label_ja = text_at(by_language, "ja", "/labels/ja");
        entry.label_en = text_at(by_language, "en", "/labels/en");
      } else {
        add("/labels", "expected an object like {\"ja\":\"和食\",\"en\":\"Japanese\"}");
      }
    }
    entry.color = text_at(fields, "color", "/color");
    if (entry.color.empty() && present(fields, "color") && present(fields, "color")->is_string())
      add("/color", "is empty; expected a colour like \"#c0392b\", or null");
    if (const auto position = present(fields, "position")) {
      // As a number of JSON, where 3.0 and 3e0 are the integer 3 as well.
      double value = -1;
      if (position->get_double().get(value) == simdjson::SUCCESS && value >= 0 &&
          value <= kPositionMax && value == std::floor(value)) {
        entry.position = static_cast<int>(value);
      } else {
        add("/position", fmt::format("expected an integer from 0 to {}, or null", kPositionMax));
      }
    }
    if (const auto hidden = present(fields, "hidden")) {
      if (hidden->get_bool().get(entry.hidden) != simdjson::SUCCESS) {
        add("/hidden", "expected true or false");
      }
    }
    return entry;
  }

  // Nothing when the field is absent or null.
  static std::optional<element> present(const object& fields, std::string_view name) {
    element value;
    if (fields.at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
  }

  std::string text_at(const object& fields, std::string_view name, std::string_view pointer) {
    const std::optional<element> value = present(fields, name);
    if (!value) return {};
    std::string_view text;
    if (value->get_string().get(text) != simdjson::SUCCESS) add(pointer, "expected a text");
    return std::string(text);
  }

  void add(std::string_view pointer, std::string detail) {
    problems_.push_back({.pointer = pointer_ + std::string(pointer), .detail = std::move(detail)});
  }

  std::string pointer_;
  std::vector<FieldProblem>& problems_;
};

std::unexpected<std::vector<FieldProblem>> one_problem(std::string pointer, std::string detail) {
  return std::unexpected(
      std::vector{FieldProblem{.pointer = std::move(pointer), .detail = std::move(detail)}});
}

}  // namespace

std::expected<std::vector<MenuTypeEntry>, std::vector<FieldProblem>> parse_menu_types(
    std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root)) {
    return one_problem("", fmt::format("is no JSON: {}", simdjson::error_message(error)));
  }
  simdjson::dom::array list;
  if (root["menu_types"].get_array().get(list) != simdjson::SUCCESS) {
    return one_problem("/menu_types", "expected an array of menu types");
  }
  std::vector<MenuTypeEntry> entries;
  std::vector<FieldProblem> problems;
  std::set<MenuType> seen;
  std::size_t index = 0;
  for (const element item : list) {
    const std::string pointer = fmt::format("/menu_types/{}", index++);
    std::optional<MenuTypeEntry> entry = EntryReader(pointer, problems).read(item);
    if (!entry) continue;
    if (!seen.insert(entry->id).second) {
      problems.push_back({.pointer = pointer + "/menu_type",
                          .detail = fmt::format("{} is there twice; expected each type once",
                                                quote(entry->id.value()))});
    }
    entries.push_back(*std::move(entry));
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return entries;
}

std::string menu_types_json(std::span<const MenuTypeEntry> entries) {
  wire::JsonWriter json;
  json.begin_object();
  json.key("menu_types").begin_array();
  for (const MenuTypeEntry& entry : entries) {
    json.begin_object();
    wire::write_menu_type(json, entry);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace konomi::api
