#include "base/log.h"
#include "tests/sim/pipeline.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>

namespace konomi::sim {
namespace {

constexpr std::uint64_t kSeeds = 300;        // The long form is the program konomi_sim.
constexpr std::uint64_t kSeedsForABug = 50;  // Within which a planted bug must be noticed.
constexpr std::uint64_t kRocksSeeds = 25;    // Each opens RocksDB a few times.

class Simulation : public testing::Test {
 protected:
  static void SetUpTestSuite() { configure_log(LogLevel::error, LogFormat::text); }
};

using Happened = std::map<std::string, std::uint64_t>;

// Plays the first seeds, each of which must pass.
void play(EngineKind engine, std::uint64_t seeds, Happened& happened) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = simulate(seed, {.engine = engine});
    ASSERT_EQ(outcome.failure, "") << "play it again: " << replay_command(seed, engine);
    for (const auto& [what, times] : outcome.happened) happened[what] += times;
  }
}

bool is_noticed(EngineKind engine, PlantedBug bug) {
  for (std::uint64_t seed = 1; seed <= kSeedsForABug; ++seed) {
    if (!simulate(seed, {.engine = engine, .bug = bug}).failure.empty()) return true;
  }
  return false;
}

TEST_F(Simulation, CountsEveryAcknowledgedOrderOnce) {
  Happened happened;
  ASSERT_NO_FATAL_FAILURE(play(EngineKind::memory, kSeeds, happened));
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

TEST_F(Simulation, CountsEveryAcknowledgedOrderOnceOverRocksDb) {
  Happened happened;
  ASSERT_NO_FATAL_FAILURE(play(EngineKind::rocks, kRocksSeeds, happened));
  for (const char* what :
       {"order", "fault", "written but no answer", "kill within a call", "redelivery",
        "consumer between two calls", "power loss", "bytes lost with the power", "letters replayed",
        "repair", "erasure", "expiry"})
    EXPECT_GE(happened[what], 5U) << what << " is hardly ever played";
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
    EXPECT_TRUE(is_noticed(EngineKind::memory, bug))
        << "bug " << static_cast<int>(bug) << " goes unnoticed";
  }
}

TEST_F(Simulation, NoticesABugThatIsPlantedOverRocksDb) {
  for (const PlantedBug bug :
       {PlantedBug::watermark_before_orders, PlantedBug::counter_on_the_way_in,
        PlantedBug::last_write_stays, PlantedBug::expiry_forgotten}) {
    EXPECT_TRUE(is_noticed(EngineKind::rocks, bug))
        << "bug " << static_cast<int>(bug) << " goes unnoticed";
  }
}

}  // namespace
}  // namespace konomi::sim
