#pragma once

#include "domain/day_summary.h"
#include "domain/version.h"

namespace konomi::aggregate {

// The same figures with these marks, at a version that wins over the one they had: for a (day,
// bucket) whose raw orders cannot be counted again.
BucketSummary raised(const BucketSummary& summary, const Marks& marks, Generation generation);

}  // namespace konomi::aggregate
