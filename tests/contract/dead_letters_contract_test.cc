#include "tests/contract/engines.h"

namespace konomi::contract {
namespace {

LogPosition position(std::uint32_t partition, std::uint64_t offset) {
  return {.partition = LogPartition(partition), .offset = LogOffset(offset)};
}

DeadLetter letter(std::uint32_t partition, std::uint64_t offset,
                  std::string_view reason = "unreadable") {
  return {.position = position(partition, offset),
          .key = std::string("k\0y", 3),
          .value = std::string("\xff\x00{", 3),
          .headers = {{"traceparent", "00-1"}, {"traceparent", ""}},
          .logged_at = instant(1),
          .reason = std::string(reason),
          .message = "expected an order",
          .failed_at = instant(2)};
}

template <class Engine>
class DeadLettersContract : public EngineTest<Engine> {
 protected:
  DeadLetters& letters() { return this->engine->dead_letters(); }

  std::vector<LogPosition> positions(const LogPosition* after, std::size_t max) {
    std::vector<LogPosition> positions;
    for (const DeadLetter& found : value_of(letters().list(after, max)))
      positions.push_back(found.position);
    return positions;
  }
};
TYPED_TEST_SUITE(DeadLettersContract, Engines, EngineNames);

TYPED_TEST(DeadLettersContract, ANewStoreHoldsNone) {
  EXPECT_EQ(value_of(this->letters().count()), 0U);
  EXPECT_TRUE(this->positions(nullptr, 10).empty());
}

TYPED_TEST(DeadLettersContract, ALetterIsKeptByteForByte) {
  value_of(this->letters().put({letter(3, 5)}));
  this->engine.reopen();
  const auto found = value_of(this->letters().list(nullptr, 10));
  ASSERT_EQ(found.size(), 1U);
  const DeadLetter expected = letter(3, 5);
  EXPECT_EQ(found[0].position, expected.position);
  EXPECT_EQ(found[0].key, expected.key);
  EXPECT_EQ(found[0].value, expected.value);
  EXPECT_EQ(found[0].headers, expected.headers);
  EXPECT_EQ(found[0].logged_at, expected.logged_at);
  EXPECT_EQ(found[0].reason, expected.reason);
  EXPECT_EQ(found[0].message, expected.message);
  EXPECT_EQ(found[0].failed_at, expected.failed_at);
}

TYPED_TEST(DeadLettersContract, WritingAPositionAgainChangesNothing) {
  value_of(this->letters().put({letter(0, 1), letter(0, 2)}));
  value_of(this->letters().put({letter(0, 2, "invalid_order"), letter(0, 3), letter(0, 3)}));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->letters().count()), 3U);
  const auto found = value_of(this->letters().list(nullptr, 10));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].reason, "unreadable");
}

TYPED_TEST(DeadLettersContract, LettersAreListedByPositionInPages) {
  value_of(this->letters().put({letter(1, 0), letter(0, 300), letter(0, 2)}));
  const std::vector<LogPosition> all = {position(0, 2), position(0, 300), position(1, 0)};
  EXPECT_EQ(this->positions(nullptr, 10), all);
  EXPECT_EQ(this->positions(nullptr, 2), (std::vector<LogPosition>{all[0], all[1]}));
  EXPECT_EQ(this->positions(&all[1], 10), (std::vector<LogPosition>{all[2]}));
  const LogPosition between = position(0, 77);
  EXPECT_EQ(this->positions(&between, 1), (std::vector<LogPosition>{all[1]}));
  EXPECT_TRUE(this->positions(&all[2], 10).empty());
}

}  // namespace
}  // namespace konomi::contract
