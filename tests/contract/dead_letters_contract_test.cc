#include "tests/contract/engines.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

namespace konomi::contract {
namespace {

using support::instant;
using support::value_of;

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
    for (const DeadLetter& found : value_of(letters().list(after, max, std::nullopt)))
      positions.push_back(found.position);
    return positions;
  }
};
TYPED_TEST_SUITE(DeadLettersContract, Engines, EngineNames);

TYPED_TEST(DeadLettersContract, ANewStoreHoldsNone) {
  EXPECT_EQ(value_of(this->letters().count_waiting()), 0U);
  EXPECT_TRUE(this->positions(nullptr, 10).empty());
}

TYPED_TEST(DeadLettersContract, ALetterIsKeptByteForByte) {
  value_of(this->letters().put({letter(3, 5)}));
  this->engine.reopen();
  const auto found = value_of(this->letters().list(nullptr, 10, std::nullopt));
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
  EXPECT_EQ(value_of(this->letters().count_waiting()), 3U);
  const auto found = value_of(this->letters().list(nullptr, 10, std::nullopt));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].reason, "unreadable");
}

LetterEvent event(const LogPosition& letter, LetterEvent::Kind kind,
                  std::optional<LogPosition> became = std::nullopt) {
  return {.letter = letter,
          .kind = kind,
          .at = instant(3),
          .position = became,
          .reason = kind == LetterEvent::Kind::failed_again ? "unknown_menu_type" : "",
          .text = "\"ramen\" \xe5\x92\x8c"};
}

TYPED_TEST(DeadLettersContract, EachLettersHistoryIsKept) {
  const LogPosition first = position(0, 1);
  const LogPosition second = position(0, 2);
  value_of(this->letters().put({letter(0, 1), letter(0, 2), letter(1, 0)}));
  const std::vector<LetterEvent> history = {
      event(first, LetterEvent::Kind::failed_again),
      event(first, LetterEvent::Kind::replayed, position(0, 9)),
      event(first, LetterEvent::Kind::failed_again, position(0, 9)),
      event(first, LetterEvent::Kind::replayed, position(0, 12))};
  const LetterEvent discarded = event(second, LetterEvent::Kind::discarded);
  value_of(this->letters().add({history[0], discarded, history[1]}));
  value_of(this->letters().add({history[2], history[3]}));
  this->engine.reopen();
  value_of(this->letters().put({letter(0, 1)}));
  const auto found = value_of(this->letters().list(nullptr, 10, std::nullopt));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].history, history);
  EXPECT_EQ(found[1].history, std::vector<LetterEvent>{discarded});
  EXPECT_TRUE(found[2].history.empty());
  EXPECT_EQ(found[0].value, letter(0, 1).value);
  const auto one = value_of(this->letters().find(first));
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->position, first);
  EXPECT_EQ(one->history, history);
  EXPECT_FALSE(value_of(this->letters().find(position(0, 77))).has_value());
}

TYPED_TEST(DeadLettersContract, AnEventThatIsRepeatedChangesNothing) {
  value_of(this->letters().put({letter(0, 1)}));
  LetterEvent replayed = event(position(0, 1), LetterEvent::Kind::replayed, position(0, 9));
  value_of(this->letters().add({replayed}));
  replayed.at = instant(4);
  value_of(this->letters().add({replayed, replayed}));
  const auto found = value_of(this->letters().find(position(0, 1)));
  ASSERT_EQ(found->history.size(), 1U);
  EXPECT_EQ(found->history[0].at, instant(3));
}

TYPED_TEST(DeadLettersContract, AnEventOfNoLetterIsOfNoConsequence) {
  value_of(this->letters().put({letter(0, 1)}));
  value_of(this->letters().add({event(position(0, 5), LetterEvent::Kind::discarded)}));
  EXPECT_EQ(value_of(this->letters().count_waiting()), 1U);
  EXPECT_FALSE(value_of(this->letters().find(position(0, 5))).has_value());
}

TYPED_TEST(DeadLettersContract, LettersAreCountedAndListedByTheirState) {
  std::vector<DeadLetter> all;
  for (std::uint64_t offset = 0; offset < 6; ++offset) all.push_back(letter(0, offset));
  value_of(this->letters().put(all));
  using Kind = LetterEvent::Kind;
  value_of(this->letters().add({event(position(0, 1), Kind::replayed, position(0, 10)),
                                event(position(0, 3), Kind::discarded),
                                event(position(0, 4), Kind::replayed, position(0, 11)),
                                event(position(0, 4), Kind::failed_again, position(0, 11))}));
  const auto of = [&](LetterState state, const LogPosition* after = nullptr, std::size_t max = 10) {
    std::vector<std::uint64_t> offsets;
    for (const DeadLetter& found : value_of(this->letters().list(after, max, state)))
      offsets.push_back(found.position.offset.value());
    return offsets;
  };
  this->engine.reopen();
  EXPECT_EQ(value_of(this->letters().count_waiting()), 4U);
  EXPECT_EQ(of(LetterState::waiting), (std::vector<std::uint64_t>{0, 2, 4, 5}));
  EXPECT_EQ(of(LetterState::replayed), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(of(LetterState::discarded), (std::vector<std::uint64_t>{3}));
  const LogPosition second = position(0, 2);
  EXPECT_EQ(of(LetterState::waiting, &second, 1), (std::vector<std::uint64_t>{4}));
  value_of(this->letters().add({event(position(0, 3), Kind::replayed, position(0, 12))}));
  EXPECT_EQ(value_of(this->letters().count_waiting()), 4U);
  EXPECT_EQ(of(LetterState::replayed), (std::vector<std::uint64_t>{1, 3}));
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

TYPED_TEST(DeadLettersContract, AnErasedUsersLettersAreGone) {
  const auto of = [](std::uint32_t partition, std::uint64_t offset, std::string_view key) {
    DeadLetter made = letter(partition, offset);
    made.key = key;
    return made;
  };
  value_of(this->letters().put(
      {of(0, 1, "anna"), of(0, 2, "ben"), of(0, 3, "anna"), of(0, 9, "anna"), of(1, 30, "anna")}));
  value_of(this->letters().add({event(position(0, 3), LetterEvent::Kind::discarded)}));
  EXPECT_EQ(value_of(this->letters().count_waiting()), 4U);
  EXPECT_EQ(value_of(this->letters().erase(UserId("anna"), position(0, 5), instant(4))), 3U);
  this->engine.reopen();
  const std::vector<LogPosition> left = {position(0, 2), position(0, 9)};
  EXPECT_EQ(this->positions(nullptr, 10), left) << "one of another user, and a newer one";
  EXPECT_EQ(value_of(this->letters().count_waiting()), 2U);
  EXPECT_FALSE(value_of(this->letters().find(position(0, 1))).has_value());
  EXPECT_EQ(value_of(this->letters().erase(UserId("anna"), position(0, 5), instant(4))), 0U);
}

TYPED_TEST(DeadLettersContract, OldLettersLeaveWithTheirHistories) {
  const auto died = [](std::uint64_t offset, int at) {
    DeadLetter made = letter(0, offset);
    made.failed_at = instant(at);
    return made;
  };
  value_of(this->letters().put({died(1, 100), died(2, 200), died(3, 300)}));
  value_of(this->letters().add({event(position(0, 2), LetterEvent::Kind::discarded)}));
  EXPECT_EQ(value_of(this->letters().expire(instant(100), 10)), 0U);
  EXPECT_EQ(value_of(this->letters().expire(instant(250), 10)), 2U);
  EXPECT_EQ(value_of(this->letters().expire(instant(250), 10)), 0U);
  this->engine.reopen();
  EXPECT_EQ(this->positions(nullptr, 10), (std::vector<LogPosition>{position(0, 3)}));
  EXPECT_EQ(value_of(this->letters().count_waiting()), 1U);
  EXPECT_EQ(value_of(this->letters().expire(instant(1'000), 10)), 1U);
  EXPECT_TRUE(this->positions(nullptr, 10).empty());
  EXPECT_EQ(value_of(this->letters().count_waiting()), 0U);
}

}  // namespace
}  // namespace konomi::contract
