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
  // Users whose counts and preferences are read and written together. What is in memory at a time
  // is their days, and never more of the day's orders than one read of the cursor.
  std::size_t users_per_chunk = 500;
  std::size_t orders_per_read = 1'000;
};

// By what a count goes besides the orders.
struct CountTerms {
  CountingRules rules;
  // Users are judged by their days before it, or by all of them; on a day from there on nobody is
  // judged.
  std::optional<BusinessDay> judged_before;
  // Of the bucket, read after the marks and before this call; null: nobody was erased.
  const ErasedVersions* erased = nullptr;
};

// What counting one (day, bucket) came to.
struct BucketCounted {
  std::uint64_t orders = 0;  // Placed.
  std::uint64_t users = 0;   // With a placed order.
  // The counted day, and every later day of a user who ordered on it: the days whose moves were
  // written.
  std::set<BusinessDay> days;
};

// Counts one (day, bucket) anew from the stored orders, and judges again the users who ordered on
// it (docs/design.md#order-of-writes). Keeps nothing between counts: safe from every thread, but
// one bucket is counted by one thread at a time.
class DayCounter {
 public:
  // All of them outlive it. `heartbeat` beats with every read of orders and moves.
  DayCounter(OrderStore& orders, SummaryStore& summaries, PreferenceStore& preferences,
             const BusinessCalendar& calendar, Heartbeat& heartbeat,
             DayCounterOptions options = {});

  // `marks` are the (day, bucket)'s, read before this call: an order that comes later may be
  // counted, but leaves the bucket dirty. Success: all figures are stored. On an error (those of
  // the ports, and `cancelled` on `stop`) a part was; the same call again makes it whole, whatever
  // was written before.
  Result<BucketCounted> count(BusinessDay day, Bucket bucket, const Marks& marks,
                              const CountTerms& terms, std::stop_token stop) const;

  // The same for a (day, bucket) whose raw orders are leaving or gone: its figures stay as they are
  // `stored`, and are written with these marks and a higher version. Who has a change on it is
  // judged again, from it on, by the counts that are kept, and moves are summed up anew.
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
