#pragma once

#include "aggregate/aggregator.h"
#include "base/result.h"
#include "tests/sim/departures.h"
#include "tests/sim/faults.h"
#include "tests/sim/world.h"

#include <memory>

namespace konomi::sim {

// The process that counts: an aggregator, which is started when it is down.
class Counting {
 public:
  Counting(World& world, Faults& faults, Departures& departures)
      : world_(world), faults_(faults), departures_(departures) {}

  // Whether it counted anything.
  Result<bool> tick();
  // Every day, whether it has changed or not. For moments without faults.
  void count_all_days();
  void kill() { aggregator_.reset(); }

 private:
  void start();

  World& world_;
  Faults& faults_;
  Departures& departures_;
  std::unique_ptr<aggregate::Aggregator> aggregator_;
};

}  // namespace konomi::sim
