#include "client/log_standing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>

namespace konomi::client {
namespace {

class CountingServer final : public Server {
 public:
  std::deque<Result<Answer>> answers;  // The last one is repeated.

  Result<Answer> post(std::string_view, std::string_view, std::string_view) override {
    return fail(ErrorCode::internal, "not asked for here");
  }
  Result<Answer> put(std::string_view, std::string_view, std::string_view) override {
    return fail(ErrorCode::internal, "not asked for here");
  }
  Result<Answer> get(std::string_view path) override {
    EXPECT_EQ(path, "/api/v1/status");
    Result<Answer> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  std::string name() const override { return "konomi"; }
};

Answer status(int end, int stored, int counted) {
  return {.status = 200,
          .body = fmt::format(
              R"({{"log":{{"end":{},"stored_up_to":{},"counted_up_to":{},"lag_records":1}}}})", end,
              stored, counted),
          .retry_after = {}};
}

Result<void> wait(CountingServer& server, std::vector<std::uint64_t>& seen) {
  return wait_until_counted(
      server, std::chrono::seconds(2), [](std::chrono::milliseconds) { return true; },
      [&](const LogStanding& standing, std::uint64_t) { seen.push_back(standing.counted_up_to); });
}

TEST(WaitUntilCounted, WaitsForTheEndOfTheLogAsItWasAtFirst) {
  CountingServer server;
  std::vector<std::uint64_t> seen;
  server.answers = {status(10, 5, 0), status(12, 10, 7), status(14, 12, 10), status(99, 0, 0)};
  EXPECT_TRUE(wait(server, seen));
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 7, 10}));
}

TEST(WaitUntilCounted, LooksPastAMomentWithoutAnswers) {
  CountingServer server;
  std::vector<std::uint64_t> seen;
  server.answers = {fail(ErrorCode::unavailable, "restarting"), status(3, 3, 3)};
  EXPECT_TRUE(wait(server, seen));
}

TEST(WaitUntilCounted, SaysHowFarItIsWhenTimeIsUp) {
  CountingServer server;
  std::vector<std::uint64_t> seen;
  server.answers = {status(10, 10, 4)};
  const auto waited = wait(server, seen);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::timed_out);
  EXPECT_NE(waited.error().message.find("10 of 10 orders are stored and 4 counted"),
            std::string::npos)
      << waited.error().message;
}

TEST(WaitUntilCounted, RefusesAnAnswerThatIsNoStatus) {
  CountingServer server;
  std::vector<std::uint64_t> seen;
  server.answers = {Answer{.status = 404, .body = "{}", .retry_after = {}}};
  const auto waited = wait(server, seen);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::internal);
}

}  // namespace
}  // namespace konomi::client
