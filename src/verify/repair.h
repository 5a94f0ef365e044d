#pragma once

#include "base/result.h"
#include "domain/version.h"
#include "ports/preference_store.h"
#include "verify/report.h"
#include "verify/scope.h"

#include <cstddef>
#include <set>

namespace konomi::verify {

// What is to be done about the differences that were found.
struct RepairPlan {
  std::set<BucketOfDay> recounts;     // To be counted again.
  std::set<BusinessDay> roll_ups;     // To be summed up again.
  StrayRows strays;                   // To be taken away: no count would touch them.
  std::set<BucketOfDay> stray_parts;  // Figures of a bucket in which nothing was ever stored.

  bool empty() const;
  void add(const RepairPlan& other);
};

struct Repair {
  Generation generation;     // Under which everything is counted from now on.
  std::size_t recounts = 0;  // Buckets of days to be counted again.
  std::size_t strays = 0;    // Rows taken away.
};

// Prepares the repair: takes away what no order stands behind, has the rest look as if it was never
// counted, and raises the generation, last. Whoever counts next then counts it again, and wins over
// whatever is stored; until then the figures stay what they are. An aggregator that runs already
// notices by itself. Errors are those of the ports; the same call again is right.
Result<Repair> begin_repair(const VerifyPorts& ports, const VerifyOptions& options,
                            const RepairPlan& plan);

// Whether every bucket was counted by a pass under this generation or a later one.
Result<bool> is_counted_under(const VerifyPorts& ports, const VerifyOptions& options,
                              Generation generation);

}  // namespace konomi::verify
