#include "adapters/kafka/dead_letters.h"

#include "adapters/kafka/kafka_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::kafka {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

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

class KafkaDeadLettersTest : public KafkaTest {
 protected:
  static std::vector<LogPosition> positions(DeadLetters& letters, const LogPosition* after,
                                            std::size_t max) {
    std::vector<LogPosition> positions;
    for (const DeadLetter& found : value_of(letters.list(after, max, std::nullopt)))
      positions.push_back(found.position);
    return positions;
  }
};

TEST_F(KafkaDeadLettersTest, ALetterIsKeptByteForByte) {
  const KafkaOptions options = new_options(2);
  value_of(open(options).dead_letters().put({letter(3, 5)}));

  const auto messages = administrator().consume(options.topic + ".dlq", 1, 1);
  EXPECT_EQ(messages[0].key, letter(3, 5).key);
  EXPECT_EQ(messages[0].value, letter(3, 5).value);
  EXPECT_THAT(messages[0].headers,
              AllOf(Contains(Pair("__connect.errors.topic", options.topic)),
                    Contains(Pair("__connect.errors.partition", "3")),
                    Contains(Pair("__connect.errors.offset", "5")),
                    Contains(Pair("__connect.errors.exception.message", "expected an order")),
                    Contains(Pair("konomi.reason", "unreadable"))));
  EXPECT_THAT(messages[0].headers[0], Pair("traceparent", "00-1"));

  const auto found = value_of(open(options).dead_letters().list(nullptr, 10, std::nullopt));
  ASSERT_THAT(found, SizeIs(1));
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

TEST_F(KafkaDeadLettersTest, ALetterOfALetterKeepsTheHeadersOfBoth) {
  const KafkaOptions options = new_options();
  DeadLetters& letters = open(options).dead_letters();
  value_of(letters.put({letter(0, 1)}));
  DeadLetter again = letter(0, 9);
  again.headers = administrator().consume(options.topic + ".dlq", 0, 1)[0].headers;
  value_of(letters.put({again}));
  const auto found = value_of(letters.list(nullptr, 10, std::nullopt));
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[1].position, position(0, 9));
  EXPECT_EQ(found[1].headers, again.headers);
}

TEST_F(KafkaDeadLettersTest, WritingAPositionAgainChangesNothing) {
  const KafkaOptions options = new_options();
  DeadLetters& letters = open(options).dead_letters();
  EXPECT_EQ(value_of(letters.count_waiting()), 0U);
  value_of(letters.put({letter(0, 1), letter(0, 2)}));
  EXPECT_EQ(value_of(letters.count_waiting()), 2U);
  value_of(letters.put({letter(0, 2, "invalid_order"), letter(0, 3), letter(0, 3)}));
  EXPECT_EQ(value_of(letters.count_waiting()), 3U);
  KafkaEngine& another = open(options);
  EXPECT_EQ(value_of(another.dead_letters().count_waiting()), 3U);
  const auto found = value_of(another.dead_letters().list(nullptr, 10, std::nullopt));
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[1].reason, "unreadable");
}

TEST_F(KafkaDeadLettersTest, LettersAreListedByPositionInPages) {
  DeadLetters& letters = open(new_options(2)).dead_letters();
  value_of(letters.put({letter(3, 0), letter(1, 7), letter(0, 300), letter(0, 2), letter(2, 1)}));
  const std::vector<LogPosition> all = {position(0, 2), position(0, 300), position(1, 7),
                                        position(2, 1), position(3, 0)};
  EXPECT_EQ(positions(letters, nullptr, 10), all);
  EXPECT_EQ(positions(letters, nullptr, 2), (std::vector<LogPosition>{all[0], all[1]}));
  EXPECT_EQ(positions(letters, &all[1], 2), (std::vector<LogPosition>{all[2], all[3]}));
  const LogPosition between = position(0, 77);
  EXPECT_EQ(positions(letters, &between, 1), (std::vector<LogPosition>{all[1]}));
  EXPECT_THAT(positions(letters, &all[4], 10), IsEmpty());
  EXPECT_THAT(positions(letters, nullptr, 0), IsEmpty());
}

TEST_F(KafkaDeadLettersTest, WhatIsDeletedOrIsNoLetterDoesNotCount) {
  const KafkaOptions options = new_options();
  DeadLetters& letters = open(options).dead_letters();
  administrator().produce(options.topic + ".dlq", {line("somebody else's")});
  value_of(letters.put({letter(0, 1), letter(0, 2), letter(0, 3)}));
  EXPECT_EQ(value_of(letters.count_waiting()), 3U);
  administrator().delete_records(options.topic + ".dlq", 0, 3);
  EXPECT_EQ(value_of(letters.count_waiting()), 1U);
  EXPECT_EQ(positions(letters, nullptr, 10), (std::vector<LogPosition>{position(0, 3)}));
}

TEST_F(KafkaDeadLettersTest, WhatHappenedIsInATopicOfItsOwn) {
  const KafkaOptions options = new_options(2);
  DeadLetters& letters = open(options).dead_letters();
  value_of(letters.put({letter(1, 5)}));
  const LetterEvent discarded{.letter = position(1, 5),
                              .kind = LetterEvent::Kind::discarded,
                              .at = instant(3),
                              .position = {},
                              .reason = {},
                              .text = "a test of the till"};
  value_of(letters.add({discarded}));
  administrator().produce(options.topic + ".dlq.history", {line("somebody else's", 1)});
  const auto messages = administrator().consume(options.topic + ".dlq.history", 1, 1);
  EXPECT_EQ(messages[0].key, "1-5");
  EXPECT_THAT(*messages[0].value,
              AllOf(HasSubstr(R"("event":"discarded")"), HasSubstr("a test of the till")));
  DeadLetters& of_another = open(options).dead_letters();
  EXPECT_EQ(value_of(of_another.count_waiting()), 0U);
  const auto found = value_of(of_another.find(position(1, 5)));
  ASSERT_TRUE(found);
  EXPECT_THAT(found->history, ElementsAre(discarded));
}

TEST_F(KafkaDeadLettersTest, SaysThatTheTopicIsMissing) {
  KafkaOptions options = new_options();
  options.topic += "-misspelt";
  options.append_timeout = 2s;
  DeadLetters& letters = open(options).dead_letters();
  EXPECT_EQ(letters.put({letter(0, 1)}).error().code, ErrorCode::unavailable);
  EXPECT_THAT(letters.count_waiting().error().message, HasSubstr("`konomi topics apply`"));
}

}  // namespace
}  // namespace konomi::kafka
