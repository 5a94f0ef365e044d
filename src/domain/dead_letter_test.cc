#include "domain/dead_letter.h"

#include <gtest/gtest.h>

namespace konomi {
namespace {

using Kind = LetterEvent::Kind;

LogPosition position(std::uint64_t offset) {
  return {.partition = LogPartition(3), .offset = LogOffset(offset)};
}

LetterEvent event(Kind kind, std::optional<LogPosition> at = std::nullopt,
                  std::string reason = {}) {
  return {.letter = position(1),
          .kind = kind,
          .at = Timestamp(std::chrono::seconds(5)),
          .position = at,
          .reason = std::move(reason),
          .text = "text"};
}

TEST(DeadLetter, WaitsUntilItIsReplayedOrDiscarded) {
  EXPECT_EQ(state_of({}), LetterState::waiting);
  EXPECT_EQ(state_of({event(Kind::failed_again)}), LetterState::waiting);
  EXPECT_EQ(state_of({event(Kind::replayed, position(7))}), LetterState::replayed);
  EXPECT_EQ(state_of({event(Kind::discarded)}), LetterState::discarded);
  EXPECT_EQ(state_of({event(Kind::discarded), event(Kind::replayed, position(7))}),
            LetterState::replayed);
}

TEST(DeadLetter, WaitsAgainWhenTheRecordThatItBecameFails) {
  const LetterEvent replayed = event(Kind::replayed, position(7));
  const LetterEvent failed = event(Kind::failed_again, position(7));
  EXPECT_EQ(state_of({replayed, failed}), LetterState::waiting);
  EXPECT_EQ(state_of({failed, replayed}), LetterState::waiting) << "the consumer was faster";
  EXPECT_EQ(state_of({replayed, failed, event(Kind::replayed, position(8))}),
            LetterState::replayed);
}

TEST(DeadLetter, TheSameEventOfOnePositionIsOne) {
  LetterEvent later = event(Kind::replayed, position(7));
  later.at = Timestamp(std::chrono::seconds(6));
  EXPECT_TRUE(is_repeated(later, event(Kind::replayed, position(7))));
  EXPECT_FALSE(is_repeated(later, event(Kind::replayed, position(8))));
  EXPECT_FALSE(is_repeated(later, event(Kind::failed_again, position(7))));
  EXPECT_TRUE(is_repeated(event(Kind::discarded), event(Kind::discarded)));
  LetterEvent again = event(Kind::discarded);
  again.at = Timestamp(std::chrono::seconds(6));
  EXPECT_FALSE(is_repeated(again, event(Kind::discarded)));
}

TEST(DeadLetter, KnowsItsLastFailureAndHowOftenItWasTried) {
  DeadLetter letter{.position = position(1), .reason = "unreadable", .message = "what came"};
  EXPECT_EQ(last_failure(letter).reason, "unreadable");
  EXPECT_EQ(attempts_of(letter), 1U);
  letter.history = {event(Kind::failed_again, std::nullopt, "invalid_order"),
                    event(Kind::replayed, position(7))};
  EXPECT_EQ(last_failure(letter).reason, "invalid_order");
  EXPECT_EQ(last_failure(letter).message, "text");
  EXPECT_EQ(attempts_of(letter), 2U);
}

TEST(DeadLetter, APositionIsWrittenInOneWay) {
  EXPECT_EQ(position_text(position(1234)), "3-1234");
  EXPECT_EQ(parse_position("3-1234"), position(1234));
  EXPECT_EQ(parse_position("0-0").value().offset, LogOffset(0));
  for (const char* text : {"", "-", "3", "3-", "-1", "3-x", "3- 1", "03-1", "3-01", "3--1", "3-+1",
                           "4294967296-0", "0-18446744073709551616"})
    EXPECT_FALSE(parse_position(text)) << text;
}

}  // namespace
}  // namespace konomi
