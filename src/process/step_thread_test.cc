#include "process/step_thread.h"

#include "base/wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace konomi::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto kLong = std::chrono::hours(1);
// Shorter than any silence.
constexpr auto kNever = -1ms;

TEST(StepThread, WorksUntilItIsStopped) {
  const Heartbeat heartbeat;
  StepThread thread("consume", heartbeat, [](std::stop_token stop) -> Result<void> {
    wait_or_stop(stop, kLong);
    return {};
  });
  EXPECT_TRUE(thread.works(kLong));
  const auto silent = thread.works(kNever);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::timed_out);
  EXPECT_FALSE(thread.makes_steps_or_ended(kNever));
  thread.stop();
  thread.stop();
}

TEST(StepThread, SaysWhatEndedItAndDoesNotHangThen) {
  const Heartbeat heartbeat;
  StepThread failing("consume", heartbeat, [](std::stop_token) -> Result<void> {
    return fail(ErrorCode::corrupted, "the log is damaged");
  });
  failing.stop();
  ASSERT_FALSE(failing.works(kLong));
  EXPECT_EQ(failing.works(kLong).error().message, "has stopped: the log is damaged");
  EXPECT_TRUE(failing.makes_steps_or_ended(kNever));
}

TEST(StepThread, AnExceptionEndsTheRoleAndNotTheProcess) {
  const Heartbeat heartbeat;
  StepThread throwing("aggregate", heartbeat, [](std::stop_token) -> Result<void> {
    throw std::runtime_error("a mistake of ours");
  });
  throwing.stop();
  ASSERT_FALSE(throwing.works(kLong));
  EXPECT_THAT(throwing.works(kLong).error().message, HasSubstr("a mistake of ours"));
}

}  // namespace
}  // namespace konomi::process
