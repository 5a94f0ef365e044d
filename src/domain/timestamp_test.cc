#include "domain/timestamp.h"

#include <gtest/gtest.h>

#include <random>

namespace konomi {
namespace {

std::string round_trip(std::string_view text) {
  const auto instant = parse_rfc3339(text);
  return instant ? to_rfc3339(*instant) : instant.error().message;
}

TEST(Timestamp, ReadsEveryOffset) {
  EXPECT_EQ(round_trip("2025-05-31T00:00:00Z"), "2025-05-31T00:00:00.000Z");
  EXPECT_EQ(round_trip("2025-05-31T09:00:00+09:00"), "2025-05-31T00:00:00.000Z");
  EXPECT_EQ(round_trip("2025-05-30T18:30:00-05:30"), "2025-05-31T00:00:00.000Z");
  EXPECT_EQ(round_trip("2025-05-31t00:00:00z"), "2025-05-31T00:00:00.000Z");
  EXPECT_EQ(round_trip("2025-05-31T00:00:00-00:00"), "2025-05-31T00:00:00.000Z");
}

TEST(Timestamp, CutsFractionsToTheMillisecond) {
  EXPECT_EQ(round_trip("2024-03-01T10:15:50.520+02:00"), "2024-03-01T08:15:50.520Z");
  EXPECT_EQ(round_trip("2024-03-01T10:15:50.5Z"), "2024-03-01T10:15:50.500Z");
  EXPECT_EQ(round_trip("2024-03-01T10:15:50.99999999999999999999Z"), "2024-03-01T10:15:50.999Z");
}

TEST(Timestamp, KnowsTheCalendar) {
  EXPECT_EQ(round_trip("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(round_trip("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
  for (const auto* text : {"2023-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-04-31T00:00:00Z",
                           "2025-00-01T00:00:00Z"}) {
    EXPECT_NE(round_trip(text).find("no such date"), std::string::npos) << text;
  }
}

TEST(Timestamp, RefusesWhatIsNoRfc3339Time) {
  for (const auto* text :
       {"", "2025-05-31", "2025-05-31T00:00:00", "2025-05-31T24:00:00Z", "2025-05-31T00:60:00Z",
        "2025-05-31T00:00:00.Z", "2025-05-31T00:00:00+0900", "2025-05-31T00:00:00+24:00",
        "2025-05-31T00:00:00Zjunk", "25-05-31T00:00:00Z", "２０25-05-31T00:00:00Z",
        "2025-05-31T00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Timestamp, WritesWhatItReads) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> milliseconds(0, 4'102'444'800'000);
  for (int i = 0; i < 10'000; ++i) {
    const Timestamp instant{std::chrono::milliseconds(milliseconds(random))};
    EXPECT_EQ(parse_rfc3339(to_rfc3339(instant)).value(), instant);
  }
}

}  // namespace
}  // namespace konomi
