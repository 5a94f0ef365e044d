#pragma once

#include "tests/sim/counting.h"
#include "tests/sim/departures.h"
#include "tests/sim/world.h"
#include "tests/support/figures.h"

#include <cstdint>
#include <string>
#include <vector>

namespace konomi::sim {

// What must be so when everything is at rest and counted. For moments without faults. What is wrong
// fails the run.
class Checks {
 public:
  Checks(World& world, Departures& departures) : world_(world), departures_(departures) {}

  // The figures are those of the oracle. Whether they are.
  bool compare_figures(const std::string& when);

  // Counting has come to the log's end, the letters are those that must wait, and every day is
  // final.
  void check_bookkeeping(const std::string& when, std::uint64_t unreadable_records);

  // Counting again what is counted changes nothing, whatever process does it.
  void check_recount(Counting& counting);

 private:
  std::vector<std::string> read(support::Detail detail);
  std::vector<std::string> comparable(std::vector<std::string> lines) const;
  std::vector<std::string> lasting(std::vector<std::string> lines);

  World& world_;
  Departures& departures_;
};

}  // namespace konomi::sim
