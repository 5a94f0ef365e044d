#include "config/units.h"

#include <gtest/gtest.h>

#include <array>

namespace konomi::config {
namespace {

using std::chrono::milliseconds;

TEST(Units, ReadsLengthsOfTime) {
  const std::pair<std::string_view, milliseconds> cases[] = {
      {"1s", std::chrono::seconds(1)},    {"250ms", milliseconds(250)},
      {"5m", std::chrono::minutes(5)},    {"24h", std::chrono::hours(24)},
      {"7d", std::chrono::hours(7 * 24)}, {"1.5s", milliseconds(1500)},
      {"0.001s", milliseconds(1)},        {"0", milliseconds(0)},
      {"2 s", std::chrono::seconds(2)}};
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(parse_duration(text).value(), expected) << text;
}

TEST(Units, RefusesWhatIsNoLengthOfTime) {
  for (const auto* text : {"", "1", "s", "1x", "-1s", "1.s", "0.0001s", "1.5ms", "1s1", "1e3s",
                           "99999999999999999999s", "9223372036854775807d", "1S"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("\"250ms\""), std::string::npos);
  }
}

TEST(Units, ReadsBytes) {
  const std::pair<std::string_view, std::uint64_t> cases[] = {
      {"4096", 4096},       {"0B", 0},           {"64KiB", 65536}, {"8MiB", 8388608},
      {"1GiB", 1073741824}, {"1.5MiB", 1572864}, {"2kB", 2000},    {"3MB", 3000000}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_bytes(text).value(), expected) << text;
  for (const auto* text : {"", "8Mib", "-1", "1.5", "8 MiBs", "18446744073709551615GiB"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(Units, WritesWhatItReads) {
  for (const auto* text : {"0s", "1ms", "1500ms", "90s", "1h", "36h", "7d"}) {
    EXPECT_EQ(duration_text(parse_duration(text).value()), text);
  }
  for (const auto* text : {"0B", "1B", "1000B", "64KiB", "1536KiB", "8MiB", "3GiB"}) {
    EXPECT_EQ(bytes_text(parse_bytes(text).value()), text);
  }
}

TEST(Units, FindsTheNearestWordOrNone) {
  const std::array<std::string, 3> words = {"data_dir", "listen", "log_level"};
  EXPECT_EQ(nearest("datadir", words), "data_dir");
  EXPECT_EQ(nearest("lisen", words), "listen");
  EXPECT_EQ(nearest("log_levle", words), "log_level");
  EXPECT_EQ(nearest("colour", words), "");
}

}  // namespace
}  // namespace konomi::config
