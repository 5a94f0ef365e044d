#include "base/json.h"

#include <gtest/gtest.h>

#include <string>

namespace konomi {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Json, EscapesStrings) {
  EXPECT_EQ(json("plain"), R"("plain")");
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json("\b\f\n\r\t\x01\x1f"), R"("\b\f\n\r\t\u0001\u001f")");
  EXPECT_EQ(json(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json("好み 🍜"), "\"好み 🍜\"");
}

TEST(Json, ReplacesBytesThatAreNoUtf8) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  EXPECT_EQ(json("a\xFFz"), "\"a" + std::string(kReplacement) + "z\"");
  EXPECT_EQ(json("\xE5\xA5"), "\"" + std::string(kReplacement) + std::string(kReplacement) + "\"");
  EXPECT_EQ(json("\xC0\xAF").find('\xC0'), std::string::npos) << "an overlong slash";
  EXPECT_EQ(json("\xED\xA0\x80").find('\xED'), std::string::npos) << "a surrogate";
  EXPECT_EQ(json("\xF4\x90\x80\x80").find('\xF4'), std::string::npos) << "past U+10FFFF";
}

}  // namespace
}  // namespace konomi
