#include "domain/business_day.h"

#include "domain/timestamp.h"

#include <gtest/gtest.h>

#include <random>

namespace konomi {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::string_view text) {
  return parse_rfc3339(text).value();
}
BusinessCalendar calendar(std::string_view zone, std::string_view starts_at = "00:00") {
  return BusinessCalendar::make(zone, parse_day_starts_at(starts_at).value()).value();
}
std::string day(const BusinessCalendar& calendar, std::string_view instant) {
  return to_string(calendar.day_of(at(instant)));
}

TEST(BusinessDay, IsTheLocalDate) {
  const auto tokyo = calendar("Asia/Tokyo");
  EXPECT_EQ(day(tokyo, "2012-04-04T14:59:59.999Z"), "2012-04-04");
  EXPECT_EQ(day(tokyo, "2012-04-04T15:00:00Z"), "2012-04-05");
  EXPECT_EQ(tokyo.hour_of(at("2012-04-04T15:00:00Z")), 0);
  EXPECT_EQ(tokyo.hour_of(at("2012-04-04T06:33:17+09:00")), 6);
}

TEST(BusinessDay, StartsAtTheConfiguredHour) {
  const auto bar = calendar("Asia/Tokyo", "05:00");
  EXPECT_EQ(day(bar, "2012-04-05T04:59:59+09:00"), "2012-04-04");
  EXPECT_EQ(day(bar, "2012-04-05T05:00:00+09:00"), "2012-04-05");
}

TEST(BusinessDay, Has23HoursWhenClocksGoForward) {
  const auto kyiv = calendar("Europe/Kyiv");
  const auto interval = kyiv.interval_of(parse_business_day("2024-03-31").value());
  EXPECT_EQ(interval.end - interval.begin, 23h);
  EXPECT_EQ(day(kyiv, "2024-03-31T23:59:59+03:00"), "2024-03-31");
  EXPECT_EQ(day(kyiv, "2024-03-31T00:00:00+02:00"), "2024-03-31");
}

TEST(BusinessDay, Has25HoursWhenClocksGoBack) {
  const auto kyiv = calendar("Europe/Kyiv");
  const auto interval = kyiv.interval_of(parse_business_day("2024-10-27").value());
  EXPECT_EQ(interval.end - interval.begin, 25h);
}

TEST(BusinessDay, AStartThatHappensTwiceCountsOnce) {
  // 03:00–04:00 happens twice on 27 October 2024.
  const auto kyiv = calendar("Europe/Kyiv", "03:30");
  EXPECT_EQ(day(kyiv, "2024-10-27T03:29:00+03:00"), "2024-10-26");
  EXPECT_EQ(day(kyiv, "2024-10-27T03:30:00+03:00"), "2024-10-27");
  EXPECT_EQ(day(kyiv, "2024-10-27T03:10:00+02:00"), "2024-10-27");
}

TEST(BusinessDay, AStartThatIsSkippedHappensAtTheChange) {
  // 03:00–04:00 does not happen on 31 March 2024.
  const auto kyiv = calendar("Europe/Kyiv", "03:30");
  EXPECT_EQ(day(kyiv, "2024-03-31T02:59:59+02:00"), "2024-03-30");
  EXPECT_EQ(day(kyiv, "2024-03-31T04:00:00+03:00"), "2024-03-31");
}

TEST(BusinessDay, ADateThatASkippedDayLeavesOutHoldsNothing) {
  const auto samoa = calendar("Pacific/Apia");  // There was no 30 December 2011.
  const auto interval = samoa.interval_of(parse_business_day("2011-12-30").value());
  EXPECT_EQ(interval.begin, interval.end);
  EXPECT_EQ(day(samoa, "2011-12-30T09:59:59Z"), "2011-12-29");
  EXPECT_EQ(day(samoa, "2011-12-30T10:00:00Z"), "2011-12-31");
}

// The law: every instant lies in exactly the interval of its day, and days follow each other
// without gap or overlap.
TEST(BusinessDay, EveryInstantLiesInItsDay) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> minutes(0, 80LL * 365 * 24 * 60);
  for (const auto* zone :
       {"Asia/Tokyo", "Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Africa/Cairo", "Asia/Tehran", "Pacific/Apia", "UTC"}) {
    for (const auto* starts_at : {"00:00", "02:30", "05:00", "23:59"}) {
      const auto days = calendar(zone, starts_at);
      for (int i = 0; i < 2'000; ++i) {
        const Timestamp instant{std::chrono::minutes(minutes(random)) + 1ms * (i % 3 - 1) + 1min};
        const BusinessDay business_day = days.day_of(instant);
        const auto interval = days.interval_of(business_day);
        ASSERT_LE(interval.begin, instant)
            << zone << ' ' << starts_at << ' ' << to_rfc3339(instant);
        ASSERT_LT(instant, interval.end) << zone << ' ' << starts_at << ' ' << to_rfc3339(instant);
        ASSERT_EQ(interval.end, days.interval_of(business_day + std::chrono::days(1)).begin);
        ASSERT_EQ(days.day_of(interval.begin), business_day)
            << zone << ' ' << starts_at << ' ' << to_string(business_day);
      }
    }
  }
}

TEST(BusinessDay, RefusesWhatIsNoDateZoneOrStart) {
  for (const auto* text : {"", "2025-5-31", "2025-02-30", "20250531", "2025-05-31T", "abcd-ef-gh",
                           "1969-12-31", "2025/05/31"}) {
    EXPECT_FALSE(parse_business_day(text)) << text;
  }
  for (const auto* text : {"", "5:00", "24:00", "05:60", "05-00", "noon"})
    EXPECT_FALSE(parse_day_starts_at(text)) << text;
  const auto unknown = BusinessCalendar::make("Asia/Atlantis", 0min);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("\"Asia/Atlantis\""), std::string::npos);
}

}  // namespace
}  // namespace konomi
