#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/counting_rules.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

namespace konomi::verify {

// The error of a verification that was asked to stop.
inline std::unexpected<Error> stopped() {
  return fail(ErrorCode::cancelled, "the verification was stopped");
}

struct VerifyPorts {
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
  SettingsStore& settings;
};

struct VerifyOptions {
  BucketCount bucket_count = kBucketCountDefault;
  std::uint32_t log_partitions = 1;
  PreferenceRules rules;        // As long as the stores hold none.
  bool judged_nightly = false;  // Nobody is judged by a day that is still open.
  std::size_t rows_per_read = 1'000;
  std::size_t users_per_chunk = 500;
  // A bucket is checked in parts of its users, none of which has more in memory than this.
  std::size_t orders_max = 500'000;
  std::size_t users_max = 50'000;
  std::size_t differences_max = 1'000;  // In a report; the rest is counted.
  // While orders come in, what is read first and what is read last need not belong together: so a
  // difference is believed when it is seen twice.
  int looks_max = 3;
  std::chrono::milliseconds look_again_after{200};
};

// What is to be verified; the same for all buckets.
struct Scope {
  BusinessDay from;
  BusinessDay to;
  bool everything = false;         // No day lies outside: so who has no orders here has none.
  std::set<BusinessDay> days;      // Those of them with orders or figures.
  std::set<BusinessDay> attested;  // Those of them whose orders are not stored any more.
  std::set<BusinessDay> unjudged;  // All open days when users are judged nightly.

  bool holds(BusinessDay day) const { return from <= day && day <= to; }
  bool recounts(BusinessDay day) const { return holds(day) && !attested.contains(day); }
};

// Looks for the days with orders or figures, all of them when no limit is given.
Result<Scope> find_scope(const VerifyPorts& ports, const VerifyOptions& options,
                         std::optional<BusinessDay> from, std::optional<BusinessDay> to);

Result<CountingRules> counting_rules(const VerifyPorts& ports, const VerifyOptions& options);

}  // namespace konomi::verify
