#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace konomi::sim {

// A mistake that is built in on request, to see that the simulation notices it.
enum class PlantedBug {
  none,
  watermark_before_orders,  // A consumer that moves its position first and stores then.
  counter_on_the_way_in,    // Orders of a day counted as they are stored, not from what is stored.
  last_write_stays,         // Rows without versions: what comes again undoes a correction.
  expiry_forgotten,         // A consumer that knows the last announcement of an expiry alone.
};

// What the pipeline is played over.
enum class EngineKind {
  memory,  // Everything that can happen, and the same seed plays the same.
  rocks,   // RocksDB on a disk that fails and loses power; the same seed plays the same faults.
};

using Trace = std::function<void(const std::string&)>;

struct SimulationOptions {
  EngineKind engine = EngineKind::memory;
  PlantedBug bug = PlantedBug::none;
  Trace trace = {};  // Is told what happens.
};

struct Outcome {
  std::string failure;                            // What is wrong, in lines; empty: nothing is.
  std::map<std::string, std::uint64_t> happened;  // How often what was played: "fault", "repair", …
};

// Plays the pipeline once, on this thread and by one seed: tills append orders, two consumers step,
// also between two calls of another role, and hand partitions over to each other, the aggregator
// ticks, calls fail before or after their effect, processes are killed between any two calls,
// records come again, attempts given up arrive late, the power fails, hours pass. In the end, when
// the faults are over and everything sent was acknowledged, the figures must be those of the
// oracle.
Outcome simulate(std::uint64_t seed, const SimulationOptions& options = {});

// The command that plays one seed again.
std::string replay_command(std::uint64_t seed, EngineKind engine = EngineKind::memory);

}  // namespace konomi::sim
