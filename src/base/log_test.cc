#include "base/log.h"

#include "base/trace.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace konomi {
namespace {

TEST(Log, NamesWhatItExpectedWhenALevelIsUnknown) {
  EXPECT_EQ(parse_log_level("warning").value(), LogLevel::warning);
  const auto refused = parse_log_level("loud");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "log level is \"loud\"; expected debug, info, warning or error");
}

TEST(Log, WritesOneJsonObjectALine) {
  testing::internal::CaptureStderr();
  configure_log(LogLevel::info, LogFormat::json);
  log_debug("not shown");
  log_info("a \"quoted\" {}\n", "line");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_NE(written.find(R"("level":"info","message":"a \"quoted\" line\n"})"), std::string::npos)
      << written;
  EXPECT_EQ(written.find("not shown"), std::string::npos);
}

TEST(Log, NamesTheTraceOfALineWithinASpan) {
  testing::internal::CaptureStderr();
  configure_log(LogLevel::info, LogFormat::json);
  {
    const TraceScope scope(
        parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    log_info("within");
  }
  log_info("without");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_NE(written.find(R"("message":"within","trace_id":"0af7651916cd43dd8448eb211c80319c",)"
                         R"("span_id":"b7ad6b7169203331"})"),
            std::string::npos)
      << written;
  EXPECT_NE(written.find(R"("message":"without"})"), std::string::npos) << written;
}

TEST(Log, LeavesOutNoneOfThoseThatAreToBeAnsweredFor) {
  testing::internal::CaptureStderr();
  configure_log(LogLevel::error, LogFormat::json);
  constexpr std::uint64_t kLines = 3 * RepeatedLines::kPerWindow;
  for (std::uint64_t i = 0; i < kLines; ++i) log_each("the same");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(written, '\n'), kLines);
}

TEST(RepeatedLines, LeavesOutAndCountsWhatComesTooOften) {
  RepeatedLines lines;
  const std::chrono::steady_clock::time_point start{};
  for (std::uint64_t i = 0; i < RepeatedLines::kPerWindow; ++i)
    EXPECT_EQ(lines.take("a {}", start), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(lines.take("a {}", start));
  EXPECT_EQ(lines.take("b {}", start), 0U) << "another kind of line";
  EXPECT_EQ(lines.take("a {}", start + RepeatedLines::kWindow), 7U);
  EXPECT_EQ(lines.take("a {}", start + RepeatedLines::kWindow), 0U);
}

}  // namespace
}  // namespace konomi
