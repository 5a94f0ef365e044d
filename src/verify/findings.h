#pragma once

#include "domain/bucket.h"
#include "domain/business_day.h"
#include "verify/bucket_check.h"
#include "verify/repair.h"
#include "verify/report.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace konomi::verify {

// Differences of one look, as they are come by: each with the days it depends on, for it means
// something only if none of them was being counted, and with what would mend it.
class Notes {
 public:
  using Mend = std::function<void(RepairPlan&)>;  // Empty: nothing would.

  explicit Notes(Bucket bucket) : bucket_(bucket) {}

  void add(Difference difference, std::vector<BusinessDay> days, Mend mend);

  // Sorts what may be believed into `findings`, with a plan; the days of the rest are not counted
  // yet.
  void move_to(BucketFindings& findings, const std::function<bool(BusinessDay)>& is_settled,
               std::size_t differences_max);

 private:
  struct Note {
    Difference difference;
    std::vector<BusinessDay> days;
    Mend mend;
  };

  const Bucket bucket_;
  std::vector<Note> notes_;
  std::uint64_t beyond_ = 0;  // Found, and not kept.
};

}  // namespace konomi::verify
