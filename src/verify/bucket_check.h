#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "verify/repair.h"
#include "verify/report.h"
#include "verify/scope.h"
#include "verify/sums.h"

#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <vector>

namespace konomi::verify {

// What one look at a bucket came to.
struct BucketFindings {
  std::uint64_t orders = 0;
  std::uint64_t users = 0;
  std::vector<Difference> differences;  // Sorted; up to VerifyOptions::differences_max.
  std::uint64_t differences_total = 0;
  std::set<BusinessDay> not_counted_yet;
  // What the day's stored figures and moves should be, where they are not.
  std::map<BusinessDay, Sums> right_figures;
  std::map<BusinessDay, Moves> right_moves;
  RepairPlan plan;
};

// Recounts a bucket from its stored orders and compares everything that is derived from them:
// figures, users' counts, preferences, segments, changes, moves. Of a user's days outside the scope
// the stored counts are taken as they are. Reads only; in memory is what VerifyOptions bounds.
// Errors are those of the ports, and `cancelled` on `stop`. Safe from every thread.
Result<BucketFindings> check_bucket(const VerifyPorts& ports, const VerifyOptions& options,
                                    const BusinessCalendar& calendar, const Clock& clock,
                                    const Scope& scope, Bucket bucket, const std::stop_token& stop);

}  // namespace konomi::verify
