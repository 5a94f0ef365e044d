#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/business_day.h"
#include "domain/ids.h"
#include "ports/summary_store.h"

#include <cstdint>
#include <map>
#include <optional>

namespace konomi::api {

// How many users each segment has: the sum of all days' moves (docs/design.md#change).
struct SegmentSizes {
  std::map<MenuType, std::uint64_t> users_by_type;  // Only types that have users.
  std::uint64_t undecided = 0;
  std::uint64_t users = 0;               // In a segment or undecided.
  std::optional<BusinessDay> last_day;   // The last day that has figures.
  std::optional<Timestamp> computed_at;  // When the newest of these figures were counted.
};

// Reads every day's roll-up, some at a time. Errors are the store's.
Result<SegmentSizes> segment_sizes(SummaryStore& summaries);

}  // namespace konomi::api
