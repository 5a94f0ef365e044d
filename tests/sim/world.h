#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "domain/timestamp.h"
#include "tests/sim/chronicle.h"
#include "tests/sim/dice.h"
#include "tests/sim/engine.h"
#include "tests/sim/oracle.h"
#include "tests/sim/pipeline.h"
#include "tests/sim/setting.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace konomi::sim {

// What all who take part in a run share. It does nothing by itself; nearly every part of the
// simulation draws from the dice, asks the engine and tells the chronicle.
struct World {
  World(std::uint64_t seed, const SimulationOptions& options);

  // The days that have figures, ascending. For moments without faults.
  std::vector<DaySummary> all_days() const;

  Dice dice;
  const Setting setting;
  const PlantedBug bug;
  Chronicle chronicle;
  ManualClock clock{parse_rfc3339("2025-05-10T03:00:00Z").value()};
  const BusinessCalendar calendar;
  Metrics metrics;
  const std::unique_ptr<SimulatedEngine> engine;
  Oracle oracle;
};

}  // namespace konomi::sim
