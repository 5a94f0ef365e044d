#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/counting_rules.h"
#include "ports/order_store.h"
#include "ports/summary_store.h"

#include <set>

namespace konomi::api {

// Whether everything stored is counted by `rules`, going by how far storing and counting have come:
// two small reads. True means that no day is dirty.
Result<bool> everything_is_counted(OrderStore& orders, SummaryStore& summaries,
                                   const CountingRules& rules, BucketCount buckets);

// The days of a bucket with orders stored that are not counted yet (docs/design.md#dirty), or were
// so by other rules; and those counted under a higher generation than `summed_up_under`, that of
// the last whole pass: they may not be summed up yet. Reads the marks of all the bucket's days.
Result<std::set<BusinessDay>> dirty_days(OrderStore& orders, SummaryStore& summaries,
                                         const CountingRules& rules, Generation summed_up_under,
                                         Bucket bucket);

}  // namespace konomi::api
