#include "wire/preference.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace konomi::wire {
namespace {

UserPreference tokyo_guest() {
  return {
      .user_id = UserId("tky1"),
      .preference = {.menu_type = MenuType("washoku"),
                     .orders = 4,
                     .total_orders = 10,
                     .runner_up = MenuType("yoshoku"),
                     .runner_up_orders = 3,
                     .since = BusinessDay::from_days_since_1970(15'456),
                     .confidence_e4 = 6300,
                     .last_ordered_at = Timestamp(std::chrono::milliseconds(1'335'402'000'005))}};
}

template <class Writer>
std::string written(Writer writer, PreferenceForm form) {
  write_preference(writer, tokyo_guest(), form);
  return writer.take();
}

TEST(Preference, IsAnsweredWithItsShareAndShortFractions) {
  constexpr auto kForm = PreferenceForm::answered;
  EXPECT_EQ(written(JsonWriter(), kForm),
            R"("user_id":"tky1","menu_type":"washoku","orders":4,"total_orders":10,"share":0.4,)"
            R"("runner_up":"yoshoku","runner_up_orders":3,"tied":false,"since":"2012-04-26",)"
            R"("confidence":0.63,"last_ordered_at":"2012-04-26T01:00:00.005Z")");
  EXPECT_EQ(written(CsvWriter(), kForm),
            "tky1,washoku,4,10,0.4,yoshoku,3,false,2012-04-26,0.63,2012-04-26T01:00:00.005Z\n");
  EXPECT_EQ(written(CsvWriter({}, CsvWriter::Rows::names), kForm),
            "user_id,menu_type,orders,total_orders,share,runner_up,runner_up_orders,tied,since,"
            "confidence,last_ordered_at\n");
}

TEST(Preference, IsExportedAsItIsStored) {
  constexpr auto kForm = PreferenceForm::exported;
  EXPECT_EQ(written(JsonWriter(), kForm),
            R"("user_id":"tky1","menu_type":"washoku","orders":4,"total_orders":10,)"
            R"("runner_up":"yoshoku","runner_up_orders":3,"tied":false,"since":"2012-04-26",)"
            R"("confidence":0.6300,"last_ordered_at":"2012-04-26T01:00:00.005Z")");
  EXPECT_EQ(written(CsvWriter(), kForm),
            "tky1,washoku,4,10,yoshoku,3,false,2012-04-26,0.6300,2012-04-26T01:00:00.005Z\n");
}

TEST(Change, HasItsStandingsWholeInAnExportAndTheirTypesInAnAnswer) {
  const UserChange change = {.user_id = UserId("tky1"),
                             .change = {.day = BusinessDay::from_days_since_1970(15'456),
                                        .from = Standing::undecided(),
                                        .to = Standing::prefers(MenuType("none"))}};
  JsonWriter exported;
  write_change(exported, change);
  EXPECT_EQ(exported.take(), R"("date":"2012-04-26","user_id":"tky1","from":{"state":"undecided"},)"
                             R"("to":{"state":"prefers","menu_type":"none"})");
  CsvWriter csv;
  write_change(csv, change);
  EXPECT_EQ(csv.take(), "2012-04-26,tky1,undecided,,prefers,none\n");
  JsonWriter answered;
  write_segment_change(answered, change.change);
  EXPECT_EQ(answered.take(), R"({"date":"2012-04-26","from":null,"to":"none"})");
}

}  // namespace
}  // namespace konomi::wire
