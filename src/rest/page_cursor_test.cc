#include "rest/page_cursor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::rest {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

bool is_refused(std::string_view list, std::string_view cursor) {
  const auto position = decode_cursor(list, cursor);
  return !position && position.error().code == ErrorCode::invalid_argument;
}

TEST(PageCursor, GivesBackThePositionOfEveryLength) {
  std::string position;
  for (int i = 0; i < 300; ++i) {
    const auto decoded = decode_cursor("list", encode_cursor("list", position));
    ASSERT_TRUE(decoded.has_value()) << i;
    EXPECT_EQ(*decoded, position);
    position += static_cast<char>(i);
  }
}

TEST(PageCursor, NeedsNoEscapingInAUrl) {
  std::string position;
  for (int byte = 0; byte < 256; ++byte) position += static_cast<char>(byte);
  EXPECT_THAT(encode_cursor("list", position), MatchesRegex("[A-Za-z0-9_-]+"));
}

TEST(PageCursor, IsTheSameInEveryVersion) {
  EXPECT_EQ(encode_cursor("list", "u1"), "AZJ1QJt1MVUsQAs");
}

TEST(PageCursor, OfAnotherListIsRefused) {
  EXPECT_TRUE(is_refused("cafe", encode_cursor("washoku", "u1")));
}

TEST(PageCursor, WithAnyCharacterChangedIsRefused) {
  const std::string cursor = encode_cursor("list", "user-17");
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ";
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    for (const char other : kAlphabet) {
      if (other == cursor[i]) continue;
      std::string tampered = cursor;
      tampered[i] = other;
      EXPECT_TRUE(is_refused("list", tampered)) << tampered;
    }
  }
}

TEST(PageCursor, CutOrExtendedIsRefused) {
  const std::string cursor = encode_cursor("list", "user-17");
  for (std::size_t size = 0; size < cursor.size(); ++size) {
    EXPECT_TRUE(is_refused("list", cursor.substr(0, size))) << size;
  }
  EXPECT_TRUE(is_refused("list", cursor + "A"));
  EXPECT_TRUE(is_refused("list", cursor + "="));
  EXPECT_TRUE(is_refused("list", cursor + cursor));
}

TEST(PageCursor, LongerThanAnyIdIsRefused) {
  EXPECT_TRUE(is_refused("list", encode_cursor("list", std::string(10'000, 'u'))));
}

TEST(PageCursor, RefusalShowsTheValueAndTheRemedy) {
  const auto position = decode_cursor("list", "next please");
  ASSERT_FALSE(position.has_value());
  EXPECT_THAT(position.error().message, HasSubstr("cursor \"next please\""));
  EXPECT_THAT(position.error().message, HasSubstr("expected the next_cursor"));
}

}  // namespace
}  // namespace konomi::rest
