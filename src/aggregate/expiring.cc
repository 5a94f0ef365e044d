#include "aggregate/expiring.h"

#include <algorithm>

namespace konomi::aggregate {

BucketSummary raised(const BucketSummary& summary, const Marks& marks, Generation generation) {
  BucketSummary out = summary;
  out.counted_up_to = marks;
  VersionSum version;
  version.add(summary.version.value() & kVersionSumMax);
  version.add(1);
  out.version = version.under(std::max(generation, generation_of(summary.version)));
  return out;
}

}  // namespace konomi::aggregate
