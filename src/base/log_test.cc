#include "base/log.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace konomi
