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
  for (const auto& [where, lies_at] : index.list(after, max)) entries.emplace_back(where, lies_at);
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
  EXPECT_EQ(index.size(), 2U);
  EXPECT_THAT(listed(index), ElementsAre(Pair(position(0, 3), position(0, 1)),
                                         Pair(position(0, 4), position(0, 3))));
}

TEST(LetterIndex, ForgetsWhatIsDeleted) {
  LetterIndex index;
  index.add(position(0, 1), position(0, 0));
  index.add(position(2, 1), position(0, 1));
  index.add(position(1, 1), position(1, 0));
  index.drop_before(LogPartition(0), LogOffset(1));
  EXPECT_EQ(index.size(), 2U);
  EXPECT_THAT(listed(index), ElementsAre(Pair(position(1, 1), position(1, 0)),
                                         Pair(position(2, 1), position(0, 1))));
  index.next_offset(LogPartition(0)) = LogOffset(2);
  index.clear();
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.next_offset(LogPartition(0)), LogOffset(0));
}

}  // namespace
}  // namespace konomi::kafka
