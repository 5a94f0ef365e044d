#include "adapters/kafka/letter_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace konomi::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

LogPosition position(std::uint32_t partition, std::uint64_t offset) {
  return {.partition = LogPartition(partition), .offset = LogOffset(offset)};
}

std::vector<std::pair<LogPosition, LogPosition>> listed(const LetterIndex& index,
                                                        const LogPosition* after = nullptr,
                                                        std::size_t max = 100) {
  std::vector<std::pair<LogPosition, LogPosition>> entries;
  for (const LetterIndex::Entry& entry : index.list(after, max, std::nullopt))
    entries.emplace_back(entry.position, entry.lies_at);
  return entries;
}

TEST(LetterIndex, ListsByPosition) {
  LetterIndex index;
  index.add(position(1, 5), position(1, 0));
  index.add(position(0, 9), position(0, 0));
  index.add(position(0, 3), position(0, 1));
  index.add(position(0, 12), position(0, 2));
  EXPECT_THAT(
      listed(index),
      ElementsAre(Pair(position(0, 3), position(0, 1)), Pair(position(0, 9), position(0, 0)),
                  Pair(position(0, 12), position(0, 2)), Pair(position(1, 5), position(1, 0))));
  const LogPosition between = position(0, 4);
  EXPECT_THAT(listed(index, &between, 1), ElementsAre(Pair(position(0, 9), position(0, 0))));
  const LogPosition last_of_first = position(0, 12);
  EXPECT_THAT(listed(index, &last_of_first), ElementsAre(Pair(position(1, 5), position(1, 0))));
  const LogPosition last = position(7, 0);
  EXPECT_THAT(listed(index, &last), IsEmpty());
}

TEST(LetterIndex, TheFirstLetterOfAPositionStays) {
  LetterIndex index;
  index.add(position(0, 3), position(0, 1));
  index.add(position(0, 3), position(0, 2));
  index.add(position(0, 4), position(0, 3));
  index.add(position(0, 3), position(0, 4));
  EXPECT_EQ(index.waiting(), 2U);
  EXPECT_THAT(listed(index), ElementsAre(Pair(position(0, 3), position(0, 1)),
                                         Pair(position(0, 4), position(0, 3))));
}

TEST(LetterIndex, ForgetsWhatIsDeleted) {
  LetterIndex index;
  index.add(position(0, 1), position(0, 0));
  index.add(position(2, 1), position(0, 1));
  index.add(position(1, 1), position(1, 0));
  index.drop_before(LogPartition(0), LogOffset(1));
  EXPECT_EQ(index.waiting(), 2U);
  EXPECT_THAT(listed(index), ElementsAre(Pair(position(1, 1), position(1, 0)),
                                         Pair(position(2, 1), position(0, 1))));
  index.next_offset(LogPartition(0)) = LogOffset(2);
  index.clear();
  EXPECT_EQ(index.waiting(), 0U);
  EXPECT_EQ(index.next_offset(LogPartition(0)), LogOffset(0));
}

LetterEvent event(const LogPosition& letter, LetterEvent::Kind kind, const LogPosition& where) {
  return {.letter = letter, .kind = kind, .position = where};
}

std::vector<LogPosition> positions(const LetterIndex& index, LetterState state) {
  std::vector<LogPosition> positions;
  for (const LetterIndex::Entry& entry : index.list(nullptr, 100, state))
    positions.push_back(entry.position);
  return positions;
}

TEST(LetterIndex, KnowsWhichLettersWait) {
  LetterIndex index;
  const LogPosition first = position(0, 1);
  const LogPosition second = position(0, 2);
  index.add(event(second, LetterEvent::Kind::discarded, {}), position(0, 0));
  index.add(first, position(0, 0));
  index.add(second, position(0, 1));
  EXPECT_THAT(positions(index, LetterState::waiting), ElementsAre(first));
  EXPECT_THAT(positions(index, LetterState::discarded), ElementsAre(second));
  index.add(event(first, LetterEvent::Kind::replayed, position(0, 9)), position(0, 1));
  index.add(event(first, LetterEvent::Kind::replayed, position(0, 9)), position(0, 2));
  EXPECT_THAT(positions(index, LetterState::replayed), ElementsAre(first));
  EXPECT_EQ(index.waiting(), 0U);
  index.add(event(first, LetterEvent::Kind::failed_again, position(0, 9)), position(0, 3));
  EXPECT_EQ(index.waiting(), 1U);
  EXPECT_THAT(index.find(first).value().history, ElementsAre(position(0, 1), position(0, 3)));
  EXPECT_FALSE(index.find(position(0, 3)));
  index.drop_before(LogPartition(0), LogOffset(2));
  EXPECT_EQ(index.waiting(), 0U);
}

}  // namespace
}  // namespace konomi::kafka
