#include "adapters/kafka/letter_index.h"

#include <algorithm>

namespace konomi::kafka {

// Without its letter and its texts, which decide nothing.
LetterEvent LetterIndex::EventPlace::event() const {
  return {.letter = {}, .kind = kind, .at = at, .position = position, .reason = {}, .text = {}};
}

LetterState LetterIndex::state_of(const History& history) {
  std::vector<LetterEvent> events;
  for (const EventPlace& place : history) events.push_back(place.event());
  return konomi::state_of(events);
}

bool LetterIndex::is_erased(const History& history) {
  return std::ranges::any_of(
      history, [](const EventPlace& place) { return place.kind == LetterEvent::Kind::erased; });
}

void LetterIndex::add(const LogPosition& position, const LogPosition& lies_at) {
  std::vector<Place>& places = places_[position.partition];
  const auto at = places.empty() || places.back().offset < position.offset
                      ? places.end()
                      : std::ranges::lower_bound(places, position.offset, {}, &Place::offset);
  if (at != places.end() && at->offset == position.offset) return;
  Place place{.offset = position.offset, .lies_at = lies_at.offset, .lies_in = lies_at.partition};
  if (const auto history = histories_.find(position); history != histories_.end()) {
    if (is_erased(history->second)) return;
    place.state = state_of(history->second);
  }
  if (place.state == LetterState::waiting) ++waiting_;
  places.insert(at, place);
}

void LetterIndex::add(const LetterEvent& event, const LogPosition& lies_at) {
  History& history = histories_[event.letter];
  const EventPlace place{
      .kind = event.kind, .at = event.at, .position = event.position, .lies_at = lies_at};
  const bool is_new = std::ranges::none_of(history, [&](const EventPlace& earlier) {
    return is_repeated(place.event(), earlier.event());
  });
  if (!is_new) return;
  history.push_back(place);
  Place* const letter = place_of(event.letter);
  if (letter == nullptr) return;
  if (letter->state == LetterState::waiting) --waiting_;
  if (event.kind == LetterEvent::Kind::erased) {
    std::vector<Place>& places = places_.at(event.letter.partition);
    places.erase(places.begin() + (letter - places.data()));
    return;
  }
  letter->state = state_of(history);
  if (letter->state == LetterState::waiting) ++waiting_;
}

LetterIndex::Place* LetterIndex::place_of(const LogPosition& position) {
  const auto places = places_.find(position.partition);
  if (places == places_.end()) return nullptr;
  const auto at = std::ranges::lower_bound(places->second, position.offset, {}, &Place::offset);
  return at != places->second.end() && at->offset == position.offset ? &*at : nullptr;
}

void LetterIndex::drop_before(LogPartition partition, LogOffset oldest) {
  LogOffset& known = oldest_[partition];
  if (known == oldest) return;
  known = oldest;
  for (auto& [number, places] : places_) {
    std::erase_if(places, [&, number = number](const Place& place) {
      const bool is_gone = place.lies_in == partition && place.lies_at < oldest;
      if (is_gone && place.state == LetterState::waiting) --waiting_;
      if (is_gone) ++dropped_;
      if (is_gone) histories_.erase({.partition = number, .offset = place.offset});
      return is_gone;
    });
  }
}

void LetterIndex::clear() {
  places_.clear();
  histories_.clear();
  next_offsets_.clear();
  next_event_offsets_.clear();
  oldest_.clear();
  waiting_ = 0;
}

LetterIndex::Entry LetterIndex::entry_of(LogPartition partition, const Place& place) const {
  Entry entry{.position = {partition, place.offset},
              .lies_at = {place.lies_in, place.lies_at},
              .history = {}};
  const auto history = histories_.find(entry.position);
  if (history == histories_.end()) return entry;
  for (const EventPlace& event : history->second) entry.history.push_back(event.lies_at);
  return entry;
}

std::vector<LetterIndex::Entry> LetterIndex::list(const LogPosition* after, std::size_t entries_max,
                                                  std::optional<LetterState> state) const {
  std::vector<Entry> entries;
  auto partition = after == nullptr ? places_.begin() : places_.lower_bound(after->partition);
  for (; partition != places_.end() && entries.size() < entries_max; ++partition) {
    const auto& [number, places] = *partition;
    auto place = after == nullptr || number != after->partition
                     ? places.begin()
                     : std::ranges::upper_bound(places, after->offset, {}, &Place::offset);
    for (; place != places.end() && entries.size() < entries_max; ++place) {
      if (!state || place->state == *state) entries.push_back(entry_of(number, *place));
    }
  }
  return entries;
}

std::optional<LetterIndex::Entry> LetterIndex::find(const LogPosition& position) const {
  const auto places = places_.find(position.partition);
  if (places == places_.end()) return std::nullopt;
  const auto at = std::ranges::lower_bound(places->second, position.offset, {}, &Place::offset);
  if (at == places->second.end() || at->offset != position.offset) return std::nullopt;
  return entry_of(position.partition, *at);
}

}  // namespace konomi::kafka
