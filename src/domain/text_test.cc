#include "domain/text.h"

#include <gtest/gtest.h>

namespace konomi {
namespace {

TEST(Text, AcceptsEveryScript) {
  for (const auto* text :
       {"u1", "和食", "Americano with Milk", "🍜", "é", "a,\"b", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(text_problem(text), std::nullopt) << text;
  }
}

TEST(Text, RefusesControlCharacters) {
  EXPECT_EQ(text_problem("a\nb"), "holds the control character U+000A at byte 1");
  EXPECT_EQ(text_problem("\x7f"), "holds the control character U+007F at byte 0");
  EXPECT_EQ(text_problem("\xc2\x85"), "holds the control character U+0085 at byte 0");
  EXPECT_TRUE(text_problem(std::string_view("\0", 1)));
}

TEST(Text, RefusesBrokenUtf8) {
  for (const auto* text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xff", "a\xe3\x81"}) {
    EXPECT_TRUE(text_problem(text));
  }
}

TEST(Text, QuotesWhatCannotBeShown) {
  EXPECT_EQ(quote("a\n\xff和"), "\"a\\x0a\\xff和\"");
  EXPECT_EQ(quote(std::string(100, 'x')), "\"" + std::string(64, 'x') + "…\"");
}

}  // namespace
}  // namespace konomi
