#pragma once

#include "domain/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace konomi::kafka {

// Where the dead letter of each position lies in its topic. Positions come mostly in ascending
// order.
class LetterIndex {
 public:
  // Adds the letter of `position`, unless there is one: the first one stays.
  void add(const LogPosition& position, const LogPosition& lies_at);

  // Forgets what lies in a partition of the topic before `oldest`.
  void drop_before(LogPartition partition, LogOffset oldest);
  void clear();

  std::uint64_t size() const { return size_; }

  struct Entry {
    LogPosition position;
    LogPosition lies_at;
  };
  // Up to `entries_max` of the entries after `after` (nothing: from the start), by position.
  std::vector<Entry> list(const LogPosition* after, std::size_t entries_max) const;

  // The next offset of a partition of the topic that is to be read.
  LogOffset& next_offset(LogPartition partition) { return next_offsets_[partition]; }

 private:
  struct Place {
    LogOffset offset;
    LogOffset lies_at;
    LogPartition lies_in;
  };

  std::map<LogPartition, std::vector<Place>> places_;  // By offset.
  std::map<LogPartition, LogOffset> next_offsets_;
  std::map<LogPartition, LogOffset> oldest_;  // As last dropped.
  std::uint64_t size_ = 0;
};

}  // namespace konomi::kafka
