#include "wire/letter_event.h"

namespace konomi::wire {

void write_letter_event(JsonWriter& json, const LetterEvent& event) {
  json.key("event").text(name_of(event.kind));
  json.key("at").instant(event.at);
  json.key("position").text_or_null(event.position ? position_text(*event.position) : "");
  json.key("reason").text_or_null(event.reason);
  json.key("text").text(event.text);
}

}  // namespace konomi::wire
