#pragma once

#include "base/result.h"
#include "domain/counting_rules.h"
#include "tests/sim/faults.h"
#include "tests/sim/world.h"

#include <cstdint>

namespace konomi::sim {

// What people decide: which dead letters are mended and replayed, and by which rules everybody is
// judged.
class Operator {
 public:
  Operator(World& world, Faults& faults);

  // Mends and replays every letter that waits for a menu type. How many; a fault may leave any of
  // it undone, or done and not noted.
  Result<std::uint64_t> replay_letters();

  // Has everything judged by other rules.
  void change_rules();
  // Stores the rules once more, after a power loss: they are durable at once.
  void put_rules();
  // A repair has raised the rules' generation. For moments without faults.
  void learn_rules();

 private:
  World& world_;
  Faults& faults_;
  CountingRules rules_;
};

}  // namespace konomi::sim
