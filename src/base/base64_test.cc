#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace konomi {
namespace {

// The vectors of RFC 4648, section 10.
TEST(Base64, WritesTheVectorsOfTheStandard) {
  for (const auto& [bytes, text] :
       {std::pair("", ""), std::pair("f", "Zg=="), std::pair("fo", "Zm8="),
        std::pair("foo", "Zm9v"), std::pair("foob", "Zm9vYg=="), std::pair("fooba", "Zm9vYmE="),
        std::pair("foobar", "Zm9vYmFy")}) {
    EXPECT_EQ(to_base64(bytes), text);
    const std::string url = std::string(text).substr(0, std::string(text).find('='));
    EXPECT_EQ(to_base64url(bytes), url);
    EXPECT_EQ(from_base64url(url), bytes);
  }
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Base64, GivesEveryByteBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    EXPECT_EQ(from_base64url(to_base64url(bytes.substr(0, size))), bytes.substr(0, size));
}

TEST(Base64, ReadsNothingThatItWouldNotWrite) {
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9v+", "Zm 9v", "Zm9vYg="})
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

}  // namespace
}  // namespace konomi
