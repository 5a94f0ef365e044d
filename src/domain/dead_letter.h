#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi {

enum class LetterState { waiting, replayed, discarded };

std::string_view name_of(LetterState state);  // "waiting", "replayed", "discarded"

// Something that happened to a dead letter after it was written.
struct LetterEvent {
  enum class Kind : std::uint8_t {
    failed_again = 0,  // A replay did not pass the checks, or its record could not be stored.
    replayed = 1,
    discarded = 2,
    erased = 3,  // With its user; only where letters cannot be removed. `position`: the erasure's.
  };

  LogPosition letter;
  Kind kind = Kind::failed_again;
  Timestamp at;
  // Where the replayed record lies. A failure has none when it was found before the record was
  // appended.
  std::optional<LogPosition> position;
  std::string reason;  // Only for failures; the codes are those of DeadLetter.
  std::string text;    // A failure's message, a replay's fix in words, why it was discarded.

  friend bool operator==(const LetterEvent&, const LetterEvent&) = default;
};

std::string_view name_of(LetterEvent::Kind kind);  // "failed_again", "replayed", …

// A log record that cannot be stored, byte for byte as it was read, with the reason and what became
// of it.
struct DeadLetter {
  LogPosition position;  // Its identity.
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
  Timestamp logged_at;
  // The first failure. The reason is a code: "unreadable", "invalid_order", "too_many_menu_types",
  // "unknown_menu_type", "expired_day"; the message says what was expected and what came.
  std::string reason;
  std::string message;
  Timestamp failed_at;
  std::vector<LetterEvent> history;  // In the order in which it was written.
};

// Whether both are one and the same event, written twice.
bool is_repeated(const LetterEvent& event, const LetterEvent& earlier);

// Whether the letter must not be shown any more, because its user was erased.
bool is_erased(const std::vector<LetterEvent>& history);

// The state that follows from the history. A replay whose record failed does not count as one,
// whichever of the two events was written first.
LetterState state_of(const std::vector<LetterEvent>& history);

struct LetterFailure {
  std::string reason;
  std::string message;
  Timestamp at;
};
LetterFailure last_failure(const DeadLetter& letter);

// How many times konomi has tried to store it.
std::size_t attempts_of(const DeadLetter& letter);

// Whether a letter lies in the log before an erasure of its user. A user's orders are all in one
// partition; in another one there is none that could be newer.
constexpr bool is_before(const LogPosition& letter, const LogPosition& erasure) {
  return letter.partition != erasure.partition || letter.offset < erasure.offset;
}

// A position as people and headers write it: "3-1234" is offset 1234 of partition 3.
std::string position_text(const LogPosition& position);
std::optional<LogPosition> parse_position(std::string_view text);

}  // namespace konomi
