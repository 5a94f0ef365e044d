#include "base/log.h"
#include "tests/sim/pipeline.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace konomi::sim {
namespace {

constexpr std::uint64_t kSeeds = 300;        // The long form is the program konomi_sim.
constexpr std::uint64_t kSeedsForABug = 50;  // Within which a planted bug must be noticed.

class Simulation : public testing::Test {
 protected:
  static void SetUpTestSuite() { configure_log(LogLevel::error, LogFormat::text); }
};

TEST_F(Simulation, CountsEveryAcknowledgedOrderOnce) {
  std::map<std::string, std::uint64_t> happened;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = simulate(seed);
    ASSERT_EQ(outcome.failure, "") << "play it again: " << replay_command(seed);
    for (const auto& [what, times] : outcome.happened) happened[what] += times;
  }
  for (const char* what : {"order",
                           "cancellation",
                           "batch sent again",
                           "answers lost",
                           "unreadable record",
                           "fault",
                           "written but no answer",
                           "kill between calls",
                           "kill within a call",
                           "redelivery",
                           "rebalance",
                           "consumer between two calls",
                           "late attempt",
                           "power loss",
                           "pass",
                           "check",
                           "recount",
                           "misspelt type",
                           "letters replayed",
                           "replay failed",
                           "batch held",
                           "other rules",
                           "repair",
                           "erasure",
                           "expiry",
                           "order for a day that leaves"})
    EXPECT_GE(happened[what], 20U) << what << " is hardly ever played";
}

TEST_F(Simulation, PlaysASeedTheSameEveryTime) {
  const auto trace_of = [](std::uint64_t seed) {
    std::string lines;
    (void)simulate(seed, {.trace = [&](const std::string& line) { lines += line + "\n"; }});
    return lines;
  };
  EXPECT_EQ(trace_of(7), trace_of(7));
  EXPECT_NE(trace_of(7), trace_of(8));
}

// A simulation that cannot fail would prove nothing.
TEST_F(Simulation, NoticesABugThatIsPlanted) {
  for (const PlantedBug bug :
       {PlantedBug::watermark_before_orders, PlantedBug::counter_on_the_way_in,
        PlantedBug::last_write_stays, PlantedBug::expiry_forgotten}) {
    std::uint64_t seed = 1;
    while (seed <= kSeedsForABug && simulate(seed, {.bug = bug}).failure.empty()) ++seed;
    EXPECT_LE(seed, kSeedsForABug) << "bug " << static_cast<int>(bug) << " goes unnoticed";
  }
}

}  // namespace
}  // namespace konomi::sim
