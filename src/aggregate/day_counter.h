#pragma once

#include "base/heartbeat.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/counting_rules.h"
#include "domain/day_summary.h"
#include "domain/erasure.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/summary_store.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>

namespace konomi::aggregate {

struct DayCounterOptions {
  // Users whose counts and preferences are read and written together. Memory holds the days of
  // these users, and never more of the day's orders than one read of the cursor returns.
  std::size_t users_per_chunk = 500;
  std::size_t orders_per_read = 1'000;
};

// What a count depends on besides the orders.
struct CountTerms {
  CountingRules rules;
  // Users are judged by their days before this one; without a value, by all days. Counting a day
  // from this one on judges no user.
  std::optional<BusinessDay> judged_before;
  // The bucket's, read after the marks and before this call; null when no user was erased.
  const ErasedVersions* erased = nullptr;
};

// The result of counting one (day, bucket).
struct BucketCounted {
  std::uint64_t orders = 0;  // Placed orders.
  std::uint64_t users = 0;   // Users with a placed order.
  // The days whose moves were written: the counted day, and every later day of a user who ordered
  // on it.
  std::set<BusinessDay> days;
};

// Counts one (day, bucket) again from the stored orders, and judges again the users who ordered on
// it (docs/design.md#order-of-writes). Keeps nothing between counts, so it is safe from every
// thread, but only one thread at a time may count a bucket.
class DayCounter {
 public:
  // Everything passed in outlives the counter. `heartbeat` beats with every read of orders and
  // moves.
  DayCounter(OrderStore& orders, SummaryStore& summaries, PreferenceStore& preferences,
             const BusinessCalendar& calendar, Heartbeat& heartbeat,
             DayCounterOptions options = {});

  // `marks` are those of the (day, bucket), read before this call: an order that comes later may be
  // counted, but leaves the bucket dirty. On success all figures are stored. On an error (those of
  // the ports, and `cancelled` on `stop`) some of them are; the same call again completes them,
  // whatever was written before.
  Result<BucketCounted> count(BusinessDay day, Bucket bucket, const Marks& marks,
                              const CountTerms& terms, std::stop_token stop) const;

  // Does the same for a (day, bucket) whose raw orders are leaving or gone. Its figures stay as
  // they are `stored` and are written with these marks and a higher version. Users with a change on
  // the day are judged again from that day on by their stored counts, and moves are summed again.
  Result<BucketCounted> renew(BusinessDay day, Bucket bucket, const BucketSummary& stored,
                              const Marks& marks, const CountTerms& terms,
                              std::stop_token stop) const;

 private:
  OrderStore& orders_;
  SummaryStore& summaries_;
  PreferenceStore& preferences_;
  const BusinessCalendar& calendar_;
  Heartbeat& heartbeat_;
  const DayCounterOptions options_;
};

}  // namespace konomi::aggregate
