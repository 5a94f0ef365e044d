#pragma once

#include "domain/dead_letter.h"
#include "domain/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace konomi::kafka {

// Where the dead letter of each position lies in its topic, and where its history lies in another.
// Positions come mostly in ascending order. It holds 24 bytes for each letter, and some 150 for
// each that something happened to.
class LetterIndex {
 public:
  // Adds the letter of `position`, unless there is one: the first one stays.
  void add(const LogPosition& position, const LogPosition& lies_at);

  // Adds what happened to a letter, unless it is there already. Texts are not kept. An erased
  // letter is not there any more, nor comes back.
  void add(const LetterEvent& event, const LogPosition& lies_at);

  // Forgets what lies in a partition of the letters' topic before `oldest`.
  void drop_before(LogPartition partition, LogOffset oldest);
  void clear();

  std::uint64_t waiting() const { return waiting_; }
  std::uint64_t dropped() const { return dropped_; }  // By drop_before(), ever.

  struct Entry {
    LogPosition position;
    LogPosition lies_at;
    std::vector<LogPosition> history;  // Where its events lie, in their order.
  };
  // Up to `entries_max` of the entries after `after` (null: from the start), by position, of one
  // state if it is given.
  std::vector<Entry> list(const LogPosition* after, std::size_t entries_max,
                          std::optional<LetterState> state) const;
  std::optional<Entry> find(const LogPosition& position) const;

  // The next offset of a partition that is to be read, of the letters and of their histories.
  LogOffset& next_offset(LogPartition partition) { return next_offsets_[partition]; }
  LogOffset& next_event_offset(LogPartition partition) { return next_event_offsets_[partition]; }

 private:
  struct Place {
    LogOffset offset;
    LogOffset lies_at;
    LogPartition lies_in;
    LetterState state = LetterState::waiting;
  };
  struct EventPlace {
    LetterEvent::Kind kind = LetterEvent::Kind::failed_again;
    Timestamp at;
    std::optional<LogPosition> position;
    LogPosition lies_at;

    LetterEvent event() const;
  };
  using History = std::vector<EventPlace>;

  static LetterState state_of(const History& history);
  static bool is_erased(const History& history);
  Place* place_of(const LogPosition& position);
  Entry entry_of(LogPartition partition, const Place& place) const;

  std::map<LogPartition, std::vector<Place>> places_;  // By offset.
  std::map<LogPosition, History> histories_;
  std::map<LogPartition, LogOffset> next_offsets_;
  std::map<LogPartition, LogOffset> next_event_offsets_;
  std::map<LogPartition, LogOffset> oldest_;  // As last dropped.
  std::uint64_t waiting_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace konomi::kafka
