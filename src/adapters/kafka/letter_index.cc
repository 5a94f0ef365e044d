#include "adapters/kafka/letter_index.h"

#include <algorithm>

namespace konomi::kafka {

void LetterIndex::add(const LogPosition& position, const LogPosition& lies_at) {
  std::vector<Place>& places = places_[position.partition];
  const auto at = places.empty() || places.back().offset < position.offset
                      ? places.end()
                      : std::ranges::lower_bound(places, position.offset, {}, &Place::offset);
  if (at != places.end() && at->offset == position.offset) return;
  places.insert(at, {position.offset, lies_at.offset, lies_at.partition});
  ++size_;
}

void LetterIndex::drop_before(LogPartition partition, LogOffset oldest) {
  LogOffset& known = oldest_[partition];
  if (known == oldest) return;
  known = oldest;
  for (auto& [number, places] : places_) {
    size_ -= std::erase_if(places, [&](const Place& place) {
      return place.lies_in == partition && place.lies_at < oldest;
    });
  }
}

void LetterIndex::clear() {
  places_.clear();
  next_offsets_.clear();
  oldest_.clear();
  size_ = 0;
}

std::vector<LetterIndex::Entry> LetterIndex::list(const LogPosition* after,
                                                  std::size_t entries_max) const {
  std::vector<Entry> entries;
  auto partition = after == nullptr ? places_.begin() : places_.lower_bound(after->partition);
  for (; partition != places_.end() && entries.size() < entries_max; ++partition) {
    const auto& [number, places] = *partition;
    auto place = after == nullptr || number != after->partition
                     ? places.begin()
                     : std::ranges::upper_bound(places, after->offset, {}, &Place::offset);
    for (; place != places.end() && entries.size() < entries_max; ++place)
      entries.push_back({{number, place->offset}, {place->lies_in, place->lies_at}});
  }
  return entries;
}

}  // namespace konomi::kafka
