#include "access/audit_log.h"

#include "domain/timestamp.h"
#include "tests/support/temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace konomi::access {
namespace {

using ::testing::HasSubstr;

TEST(AuditLog, AppendsOneObjectALine) {
  const support::TemporaryDirectory temporary;
  const std::string directory = temporary.path().string();
  const ManualClock clock(*parse_rfc3339("2026-01-31T09:00:00Z"));
  const AuditLog log(directory + "/audit.jsonl", clock);
  ASSERT_TRUE(log.write({.action = "POST /x",
                         .target = "/x?a=\"\n",
                         .key = "3f9a2c1b",
                         .name = "boss",
                         .remote = "127.0.0.1",
                         .status = 200,
                         .details = {{"orders", 3U}}}));
  ASSERT_TRUE(log.write({.action = "keys create", .target = "3f9a2c1b"}));
  std::ostringstream text;
  text << std::ifstream(directory + "/audit.jsonl").rdbuf();
  EXPECT_EQ(text.str(),
            R"({"time":"2026-01-31T09:00:00.000Z","action":"POST /x","target":"/x?a=\"\n",)"
            R"("key":"3f9a2c1b","name":"boss","remote":"127.0.0.1","status":200,)"
            R"("details":{"orders":3}})"
            "\n"
            R"({"time":"2026-01-31T09:00:00.000Z","action":"keys create","target":"3f9a2c1b"})"
            "\n");
  std::filesystem::remove_all(directory);
  const auto lost = log.write({.action = "x"});
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr(directory + "/audit.jsonl"));
}

}  // namespace
}  // namespace konomi::access
