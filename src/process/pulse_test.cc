#include "process/pulse.h"

#include "base/wait.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace konomi::process {
namespace {

using namespace std::chrono_literals;

constexpr PulseTimes kQuick{.every = 1ms, .answer_within = 50ms};

// Whether it comes to hold, within a time that only a failure takes.
bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 2'000; ++i) {
    if (condition()) return true;
    wait_or_stop({}, 5ms);
  }
  return false;
}

TEST(Pulse, TellsTheLastAnswer) {
  std::atomic<bool> broken = false;
  Pulse<void> pulse(
      [&]() -> Result<void> {
        if (broken) return fail(ErrorCode::unavailable, "no copy answers");
        return {};
      },
      kQuick);
  EXPECT_TRUE(comes_true([&] { return pulse.last().has_value(); }));
  broken = true;
  EXPECT_TRUE(comes_true([&] { return !pulse.last().has_value(); }));
  EXPECT_EQ(pulse.last().error().message, "no copy answers");
  broken = false;
  EXPECT_TRUE(comes_true([&] { return pulse.last().has_value(); }));
}

TEST(Pulse, IsNotOkBeforeTheFirstAnswerAndTellsThatNoneComes) {
  std::promise<void> release;
  auto released = release.get_future().share();
  Pulse<void> pulse(
      [released]() -> Result<void> {
        released.wait();
        return {};
      },
      kQuick);
  EXPECT_FALSE(pulse.last().has_value());
  // last() is what returns here, while the question still hangs.
  EXPECT_TRUE(comes_true([&] { return pulse.last().error().code == ErrorCode::timed_out; }));
  release.set_value();
  EXPECT_TRUE(comes_true([&] { return pulse.last().has_value(); }));
}

TEST(Pulse, OnDemandItAsksWhenItIsToldTo) {
  std::atomic<int> asked = 0;
  Pulse<int> pulse([&]() -> Result<int> { return ++asked; }, {.every = {}});
  EXPECT_FALSE(pulse.knows());
  EXPECT_FALSE(pulse.last());
  for (const int question : {1, 2}) {
    pulse.wait_for(pulse.ask_again(), std::chrono::steady_clock::now() + 20s);
    EXPECT_EQ(pulse.last().value_or(0), question);
  }
  EXPECT_TRUE(pulse.knows());
  pulse.stop();
  EXPECT_EQ(asked, 2);
}

TEST(Pulse, DoesNotWaitForAnAnswerLongerThanItIsGiven) {
  std::promise<void> release;
  auto released = release.get_future().share();
  Pulse<void> pulse(
      [released]() -> Result<void> {
        released.wait();
        return {};
      },
      {.every = {}});
  pulse.wait_for(pulse.ask_again(), std::chrono::steady_clock::now() + 5ms);
  EXPECT_FALSE(pulse.last());
  release.set_value();
}

}  // namespace
}  // namespace konomi::process
