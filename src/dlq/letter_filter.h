#pragma once

#include "base/clock.h"
#include "domain/dead_letter.h"
#include "domain/ids.h"

#include <optional>
#include <string>

namespace konomi::dlq {

// Which letters are meant. What is not given, any letter has.
struct LetterFilter {
  std::optional<std::string> reason;  // The reason of the last failure.
  std::optional<Timestamp> since;     // When it failed first: from this instant …
  std::optional<Timestamp> until;     // … to before this one.
  std::optional<MenuType> menu_type;  // As it stands in the letter.
};

bool matches(const LetterFilter& filter, const DeadLetter& letter);

}  // namespace konomi::dlq
