#include "encoding/letter_event_json.h"

#include "domain/text.h"
#include "domain/timestamp.h"
#include "wire/json_writer.h"
#include "wire/letter_event.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <optional>

namespace konomi::encoding {
namespace {

using simdjson::dom::element;

constexpr std::int64_t kEventVersion = 1;
constexpr std::array<LetterEvent::Kind, 4> kKinds = {
    LetterEvent::Kind::failed_again, LetterEvent::Kind::replayed, LetterEvent::Kind::discarded,
    LetterEvent::Kind::erased};

std::unexpected<Error> unreadable_event(std::string_view why) {
  return fail(ErrorCode::corrupted,
              fmt::format("the record is no event of a dead letter: {}", why));
}

// Nothing: absent, null or no text.
std::optional<std::string_view> text_at(const element& json, std::string_view name) {
  std::string_view text;
  if (json[name].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

}  // namespace

std::string letter_event_json(const LetterEvent& event) {
  wire::JsonWriter json;
  json.begin_object().key("v").integer(kEventVersion);
  json.key("letter").text(position_text(event.letter));
  wire::write_letter_event(json, event);
  return json.end_object().take();
}

Result<LetterEvent> parse_letter_event(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root))
    return unreadable_event(simdjson::error_message(error));
  std::int64_t version = 0;
  if (root["v"].get_int64().get(version) != simdjson::SUCCESS || version != kEventVersion)
    return unreadable_event(fmt::format("\"v\" is not {}", kEventVersion));
  const auto letter = parse_position(text_at(root, "letter").value_or(""));
  const auto at = parse_rfc3339(text_at(root, "at").value_or(""));
  if (!letter || !at) return unreadable_event("\"letter\" or \"at\" is missing or malformed");
  LetterEvent event{.letter = *letter, .at = *at};
  const auto kind = text_at(root, "event").value_or("");
  bool is_known = false;
  for (const LetterEvent::Kind known : kKinds) {
    if (kind != name_of(known)) continue;
    event.kind = known;
    is_known = true;
  }
  if (!is_known) return unreadable_event(fmt::format("\"event\" is {}", quote(kind)));
  if (const auto position = text_at(root, "position")) {
    event.position = parse_position(*position);
    if (!event.position)
      return unreadable_event(fmt::format("\"position\" is {}", quote(*position)));
  }
  event.reason = text_at(root, "reason").value_or("");
  event.text = text_at(root, "text").value_or("");
  return event;
}

}  // namespace konomi::encoding
