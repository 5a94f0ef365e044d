#pragma once

#include "domain/day_summary.h"
#include "domain/version.h"

namespace konomi::aggregate {

// Returns the same figures with these marks and a version above the one they had, for a (day,
// bucket) whose raw orders cannot be counted again.
BucketSummary raised(const BucketSummary& summary, const Marks& marks, Generation generation);

}  // namespace konomi::aggregate
