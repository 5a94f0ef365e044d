#pragma once

#include "base/result.h"
#include "domain/dead_letter.h"

#include <string>
#include <string_view>

namespace konomi::encoding {

// What happened to a dead letter, as a record on the cluster, for every reader of the topic:
//   {"v":1,"letter":"3-41","event":"replayed","at":"2025-05-31T00:00:00.000Z","position":"3-99",
//    "reason":null,"text":"menu_type washok is washoku"}
// An unknown position is null, and so is the reason of an event that is not a failure.
std::string letter_event_json(const LetterEvent& event);

// `corrupted`: no such object, or of a version that this konomi does not know.
Result<LetterEvent> parse_letter_event(std::string_view json);

}  // namespace konomi::encoding
