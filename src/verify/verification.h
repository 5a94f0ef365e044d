#pragma once

#include "base/mutex.h"
#include "base/result.h"
#include "verify/bucket_check.h"
#include "verify/repair.h"
#include "verify/report.h"
#include "verify/scope.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

namespace konomi::verify {

// Verifies some days: recounts them from the stored orders, bucket by bucket, and holds the days'
// figures against the buckets'. Changes nothing. Errors are those of the ports, and `cancelled` on
// `stop`.
class Verification {
 public:
  // All days when no limit is given. What it is given outlives it.
  static Result<std::unique_ptr<Verification>> begin(
      const VerifyPorts& ports, const VerifyOptions& options, const BusinessCalendar& calendar,
      const Clock& clock, std::optional<BusinessDay> from, std::optional<BusinessDay> to);

  // Does a part of the work; false: all is done. One thread at a time.
  Result<bool> step(const std::stop_token& stop);

  // Does all of it with so many threads. `on_progress` is called now and then, by one of them at a
  // time.
  Result<void> run(std::size_t threads, const std::function<void()>& on_progress,
                   const std::stop_token& stop);

  std::size_t done() const;
  std::size_t parts() const { return buckets_.size() + 1; }

  // Afterwards.
  const Report& report() const { return report_; }
  const RepairPlan& plan() const { return plan_; }

 private:
  Verification(const VerifyPorts& ports, const VerifyOptions& options,
               const BusinessCalendar& calendar, const Clock& clock, Scope scope);

  Result<BucketFindings> look_at(Bucket bucket, const std::stop_token& stop) const;
  void add(Bucket bucket, BucketFindings findings);
  Result<void> check_days(const std::stop_token& stop);
  struct DayFindings;
  Result<DayFindings> check_day(BusinessDay day) const;
  Result<bool> is_in_motion() const;
  void finish();

  const VerifyPorts ports_;
  const VerifyOptions options_;
  const BusinessCalendar& calendar_;
  const Clock& clock_;
  const Scope scope_;
  const std::vector<Bucket> buckets_;
  const Timestamp begun_at_;

  mutable Mutex mutex_;
  std::size_t done_ KONOMI_GUARDED_BY(mutex_) = 0;

  // Written under mutex_ while buckets are checked, read when all are.
  Report report_;
  RepairPlan plan_;
  std::map<BucketOfDay, Sums> right_figures_;
  std::map<BucketOfDay, Moves> right_moves_;
};

}  // namespace konomi::verify
