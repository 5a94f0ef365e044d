#pragma once

#include "tests/sim/departures.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"
#include "verify/verification.h"

#include <memory>
#include <string>

namespace konomi::sim {

// `verify` at rest: it finds nothing, unless something was damaged. For moments without faults.
class Verifying {
 public:
  Verifying(World& world, Departures& departures, Operator& people)
      : world_(world), departures_(departures), people_(people) {}

  // Fails the run when verify finds anything.
  void check(const std::string& when);

  // Something is written past everybody. It is found, and the repair is begun; what comes of that
  // is seen by the next check.
  void damage_and_repair();

 private:
  verify::VerifyPorts ports();
  verify::VerifyOptions options() const;
  std::unique_ptr<verify::Verification> verified();
  bool damage();

  World& world_;
  Departures& departures_;
  Operator& people_;
};

}  // namespace konomi::sim
