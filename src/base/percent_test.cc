#include "base/percent.h"

#include <gtest/gtest.h>

namespace konomi {
namespace {

TEST(Percent, DecodesWhatItEncodes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a/b c?"), "a%2Fb%20c%3F");
}

TEST(Percent, TakesAPlusForASpaceOnlyWhenAsked) {
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
}

TEST(Percent, RefusesBrokenEscapesAndKeepsOtherBytes) {
  for (const auto* broken : {"%", "%2", "a%zz", "%G0", "%0G", "%25%"}) {
    EXPECT_EQ(percent_decode(broken), std::nullopt) << broken;
  }
  EXPECT_EQ(percent_decode("[\xe5\xa5\xbd]|\"%e5"), "[\xe5\xa5\xbd]|\"\xe5");
}

TEST(Percent, ReadsOneEscapeAtTheFront) {
  EXPECT_EQ(escaped_byte("%20abc"), ' ');
  EXPECT_EQ(escaped_byte("%aF"), '\xaf');
  for (const auto* none : {"", "a%20", "%", "%2", "%2x"}) {
    EXPECT_EQ(escaped_byte(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace konomi
