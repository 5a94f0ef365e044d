#include "base/hex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace konomi {
namespace {

TEST(Hex, WritesTwoLowerCaseDigitsForEachByte) {
  EXPECT_EQ(to_hex(std::array<std::uint8_t, 4>{0x00, 0x0f, 0xa5, 0xff}), "000fa5ff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, KnowsDigitsOfEitherCaseAndNothingElse) {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::size_t at = std::min(kLower.find(c), kUpper.find(c));
    EXPECT_EQ(hex_digit_value(c), at == std::string_view::npos ? -1 : static_cast<int>(at)) << byte;
  }
}

}  // namespace
}  // namespace konomi
