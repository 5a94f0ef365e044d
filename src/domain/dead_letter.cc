#include "domain/dead_letter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace konomi {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // One position is written in one way.
  const bool is_short = text.size() == 1 || !text.starts_with('0');
  if (error != std::errc() || end != text.data() + text.size() || !is_short) return std::nullopt;
  return number;
}

bool has_failed(const std::vector<LetterEvent>& history, const LogPosition& position) {
  return std::ranges::any_of(history, [&](const LetterEvent& event) {
    return event.kind == LetterEvent::Kind::failed_again && event.position == position;
  });
}

}  // namespace

std::string_view name_of(LetterState state) {
  switch (state) {
    case LetterState::waiting:
      return "waiting";
    case LetterState::replayed:
      return "replayed";
    case LetterState::discarded:
      return "discarded";
  }
  return "waiting";
}

std::string_view name_of(LetterEvent::Kind kind) {
  switch (kind) {
    case LetterEvent::Kind::failed_again:
      return "failed_again";
    case LetterEvent::Kind::replayed:
      return "replayed";
    case LetterEvent::Kind::discarded:
      return "discarded";
    case LetterEvent::Kind::erased:
      return "erased";
  }
  return "failed_again";
}

bool is_repeated(const LetterEvent& event, const LetterEvent& earlier) {
  if (event.letter != earlier.letter || event.kind != earlier.kind) return false;
  return event.position ? event.position == earlier.position : event == earlier;
}

bool is_erased(const std::vector<LetterEvent>& history) {
  return std::ranges::any_of(
      history, [](const LetterEvent& event) { return event.kind == LetterEvent::Kind::erased; });
}

LetterState state_of(const std::vector<LetterEvent>& history) {
  auto state = LetterState::waiting;
  for (const LetterEvent& event : history) {
    switch (event.kind) {
      case LetterEvent::Kind::failed_again:
        state = LetterState::waiting;
        break;
      case LetterEvent::Kind::replayed:
        if (event.position && !has_failed(history, *event.position)) state = LetterState::replayed;
        break;
      case LetterEvent::Kind::discarded:
      case LetterEvent::Kind::erased:
        state = LetterState::discarded;
        break;
    }
  }
  return state;
}

LetterFailure last_failure(const DeadLetter& letter) {
  for (auto event = letter.history.rbegin(); event != letter.history.rend(); ++event) {
    if (event->kind == LetterEvent::Kind::failed_again)
      return {.reason = event->reason, .message = event->text, .at = event->at};
  }
  return {.reason = letter.reason, .message = letter.message, .at = letter.failed_at};
}

std::size_t attempts_of(const DeadLetter& letter) {
  const auto again =
      std::ranges::count(letter.history, LetterEvent::Kind::failed_again, &LetterEvent::kind);
  return 1 + static_cast<std::size_t>(again);
}

std::string position_text(const LogPosition& position) {
  return fmt::format("{}-{}", position.partition.value(), position.offset.value());
}

std::optional<LogPosition> parse_position(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto partition = number_in<std::uint32_t>(text.substr(0, dash));
  const auto offset = number_in<std::uint64_t>(text.substr(dash + 1));
  if (!partition || !offset) return std::nullopt;
  return LogPosition{.partition = LogPartition(*partition), .offset = LogOffset(*offset)};
}

}  // namespace konomi
