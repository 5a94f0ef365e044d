#include "encoding/letter_event_json.h"

#include <gtest/gtest.h>

#include <string>

namespace konomi::encoding {
namespace {

LogPosition position(std::uint32_t partition, std::uint64_t offset) {
  return {.partition = LogPartition(partition), .offset = LogOffset(offset)};
}

const LetterEvent kReplayed{.letter = position(3, 41),
                            .kind = LetterEvent::Kind::replayed,
                            .at = Timestamp(std::chrono::milliseconds(1'748'649'600'000)),
                            .position = position(3, 99),
                            .reason = {},
                            .text = "menu_type \"washok\" is \"washoku\""};

TEST(LetterEventJson, IsTheDocumentedOne) {
  EXPECT_EQ(letter_event_json(kReplayed),
            R"({"v":1,"letter":"3-41","event":"replayed","at":"2025-05-31T00:00:00.000Z",)"
            R"("position":"3-99","reason":null,"text":"menu_type \"washok\" is \"washoku\""})");
}

TEST(LetterEventJson, IsReadAsItWasWritten) {
  LetterEvent failed = kReplayed;
  failed.kind = LetterEvent::Kind::failed_again;
  failed.position.reset();
  failed.reason = "invalid_order";
  failed.text = "";
  for (const LetterEvent& event : {kReplayed, failed}) {
    const auto read = parse_letter_event(letter_event_json(event));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(*read, event);
  }
}

TEST(LetterEventJson, AnythingElseIsCorrupted) {
  const std::string whole = letter_event_json(kReplayed);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_letter_event(whole.substr(0, size))) << size;
  for (
      const char* json :
      {"1", "{}", R"({"v":2,"letter":"0-1","event":"replayed","at":"2025-05-31T00:00:00Z"})",
       R"({"v":1,"letter":"0-1","event":"lost","at":"2025-05-31T00:00:00Z"})",
       R"({"v":1,"letter":"0","event":"replayed","at":"2025-05-31T00:00:00Z"})",
       R"({"v":1,"letter":"0-1","event":"replayed","at":"today"})",
       R"({"v":1,"letter":"0-1","event":"replayed","at":"2025-05-31T00:00:00Z","position":"x"})"}) {
    const auto read = parse_letter_event(json);
    ASSERT_FALSE(read.has_value()) << json;
    EXPECT_EQ(read.error().code, ErrorCode::corrupted) << json;
  }
}

}  // namespace
}  // namespace konomi::encoding
