#pragma once

#include "domain/dead_letter.h"
#include "wire/json_writer.h"

namespace konomi::wire {

// What happened to a dead letter, as members of an object: in its history, and in a record of the
// cluster, which names the letter before them.
//   "event":"replayed","at":"2025-05-31T00:00:00.000Z","position":"3-99","reason":null,"text":"…"
// An unknown position is null, and so is the reason of an event that is not a failure.
void write_letter_event(JsonWriter& json, const LetterEvent& event);

}  // namespace konomi::wire
