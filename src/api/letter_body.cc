#include "api/letter_body.h"

#include "domain/text.h"
#include "domain/timestamp.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>

namespace konomi::api {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kWhyBytesMax = 1'000;

// Reads the body and collects what is wrong with it.
class Reader {
 public:
  explicit Reader(LetterAction action) : action_(action) {}

  void read(const element& json) {
    object body;
    if (json.get_object().get(body) != simdjson::SUCCESS)
      return add("", "expected an object with letters or a filter");
    bool has_letters = false;
    bool has_filter = false;
    bool has_why = false;
    const auto is_replay = action_ == LetterAction::replay;
    for (const auto& [name, value] : body) {
      const std::string pointer = fmt::format("/{}", name);
      if (name == "letters") {
        has_letters = true;
        read_letters(value);
      } else if (name == "filter") {
        has_filter = true;
        read_object(pointer, value,
                    [&](std::string_view field, const std::string& at, const element& item) {
                      return read_filter(field, at, item);
                    });
      } else if (name == "after") {
        request_.selection.after = position_in(pointer, value);
      } else if (name == "dry_run") {
        if (value.get_bool().get(request_.dry_run) != simdjson::SUCCESS)
          add(pointer, "expected true or false");
      } else if (name == "fix" && is_replay) {
        read_object(pointer, value,
                    [&](std::string_view field, const std::string& at, const element& item) {
                      return read_fix(field, at, item);
                    });
      } else if (name == "why" && !is_replay) {
        has_why = true;
        read_why(pointer, value);
      } else {
        add(pointer, is_replay ? "is unknown; expected letters, filter, after, fix and dry_run"
                               : "is unknown; expected letters, filter, after, why and dry_run");
      }
    }
    if (has_letters == has_filter) {
      add("",
          "expected either \"letters\" or a \"filter\"; an empty filter is every waiting letter");
    }
    if (!is_replay && !has_why) add("/why", "is absent; expected why these letters are discarded");
  }

  std::expected<LetterRequest, std::vector<FieldProblem>> take() {
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(request_);
  }

 private:
  using ReadField = std::function<bool(std::string_view, const std::string&, const element&)>;

  void read_object(const std::string& pointer, const element& json, const ReadField& read_field) {
    object fields;
    if (json.get_object().get(fields) != simdjson::SUCCESS)
      return add(pointer, "expected an object");
    for (const auto& [name, value] : fields) {
      const std::string at = fmt::format("{}/{}", pointer, name);
      if (!read_field(name, at, value)) add(at, "is unknown");
    }
  }

  void read_letters(const element& json) {
    simdjson::dom::array list;
    if (json.get_array().get(list) != simdjson::SUCCESS || list.size() == 0)
      return add("/letters", "expected an array of letters such as \"3-41\", at least one");
    std::size_t index = 0;
    for (const element item : list) {
      if (const auto letter = position_in(fmt::format("/letters/{}", index++), item))
        request_.selection.letters.push_back(*letter);
    }
  }

  bool read_filter(std::string_view name, const std::string& pointer, const element& json) {
    dlq::LetterFilter& filter = request_.selection.filter;
    if (name == "reason") {
      filter.reason = text_in(pointer, json);
    } else if (name == "since") {
      filter.since = instant_in(pointer, json);
    } else if (name == "until") {
      filter.until = instant_in(pointer, json);
    } else if (name == "menu_type") {
      if (auto type = text_in(pointer, json)) filter.menu_type = MenuType(*std::move(type));
    } else {
      return false;
    }
    return true;
  }

  bool read_fix(std::string_view name, const std::string& pointer, const element& json) {
    if (name == "order") {
      read_object(pointer, json,
                  [&](std::string_view field, const std::string& at, const element& value) {
                    for (const auto& [known, text] : dlq::kOrderTexts) {
                      if (field != known) continue;
                      request_.fix.edited.*text = text_in(at, value);
                      return true;
                    }
                    return false;
                  });
      return true;
    }
    if (name != "rename_menu_types") return false;
    read_object(pointer, json,
                [&](std::string_view from, const std::string& at, const element& value) {
                  if (auto to = text_in(at, value)) {
                    request_.fix.renamed_menu_types.insert_or_assign(MenuType(std::string(from)),
                                                                     MenuType(*std::move(to)));
                  }
                  return true;
                });
    return true;
  }

  void read_why(const std::string& pointer, const element& json) {
    request_.why = text_in(pointer, json).value_or("");
    if (request_.why.empty() || request_.why.size() > kWhyBytesMax)
      add(pointer,
          fmt::format("has {} bytes; expected 1 to {}", request_.why.size(), kWhyBytesMax));
    if (const auto problem = text_problem(request_.why)) add(pointer, *problem);
  }

  std::optional<std::string> text_in(const std::string& pointer, const element& json) {
    std::string_view text;
    if (json.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
    add(pointer, "expected a text");
    return std::nullopt;
  }

  std::optional<LogPosition> position_in(const std::string& pointer, const element& json) {
    const auto text = text_in(pointer, json);
    if (!text) return std::nullopt;
    const auto position = parse_position(*text);
    if (!position)
      add(pointer, fmt::format("{} is no letter; expected one such as \"3-41\"", quote(*text)));
    return position;
  }

  std::optional<Timestamp> instant_in(const std::string& pointer, const element& json) {
    const auto text = text_in(pointer, json);
    if (!text) return std::nullopt;
    auto instant = parse_rfc3339(*text);
    if (instant) return *instant;
    add(pointer, std::move(instant).error().message);
    return std::nullopt;
  }

  void add(std::string pointer, std::string detail) {
    problems_.push_back({.pointer = std::move(pointer), .detail = std::move(detail)});
  }

  const LetterAction action_;
  LetterRequest request_;
  std::vector<FieldProblem> problems_;
};

}  // namespace

std::expected<LetterRequest, std::vector<FieldProblem>> parse_letter_request(std::string_view body,
                                                                             LetterAction action) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root)) {
    return std::unexpected(std::vector{FieldProblem{
        .pointer = "", .detail = fmt::format("is no JSON: {}", simdjson::error_message(error))}});
  }
  Reader reader(action);
  reader.read(root);
  return reader.take();
}

}  // namespace konomi::api
