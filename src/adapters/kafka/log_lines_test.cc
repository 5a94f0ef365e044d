#include "adapters/kafka/log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace konomi::kafka {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::Pair;

class LogLinesTest : public testing::Test {
 protected:
  void add(int level, std::string_view kind, std::string_view text, int at) {
    lines_.add(level, kind, text, steady_clock::time_point(seconds(at)));
  }

  std::vector<std::pair<LogLevel, std::string>> written_;
  LogLines lines_{"producer", [this](LogLevel level, const std::string& line) {
                    written_.emplace_back(level, line);
                  }};
};

TEST_F(LogLinesTest, KeepTheirLevels) {
  add(3, "FAIL", "refused", 0);
  add(4, "REQTMOUT", "late", 0);
  EXPECT_THAT(written_, ElementsAre(Pair(LogLevel::error, "kafka: producer: FAIL: refused"),
                                    Pair(LogLevel::warning, "kafka: producer: REQTMOUT: late")));
}

TEST_F(LogLinesTest, OfAKindOneAMinuteIsWrittenWithTheNumberOfTheOthers) {
  for (int at = 0; at <= 60; ++at) add(3, "FAIL", "refused", at);
  add(3, "FAIL", "refused", 120);
  EXPECT_THAT(written_,
              ElementsAre(Pair(LogLevel::error, "kafka: producer: FAIL: refused"),
                          Pair(LogLevel::error,
                               "kafka: producer: FAIL: refused (and 59 lines like it before)"),
                          Pair(LogLevel::error, "kafka: producer: FAIL: refused")));
}

TEST_F(LogLinesTest, WhatWasAskedForByDebuggingIsAllWritten) {
  for (int i = 0; i < 3; ++i) add(7, "SEND", "sent", 0);
  EXPECT_EQ(written_.size(), 3U);
}

}  // namespace
}  // namespace konomi::kafka
