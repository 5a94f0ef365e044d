#pragma once

#include "base/clock.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/ids.h"
#include "wire/json_writer.h"

#include <simdjson.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace konomi::verify {

// One thing that is stored otherwise than the orders say.
struct Difference {
  std::optional<BusinessDay> day;
  std::optional<Bucket> bucket;
  std::optional<UserId> user_id;
  std::string what;  // "counts", "orders of washoku", …
  std::string expected;
  std::string found;
  bool mendable = true;  // By counting again.

  friend auto operator<=>(const Difference&, const Difference&) = default;
};

using BucketOfDay = std::pair<BusinessDay, Bucket>;

// What a verification came to.
struct Report {
  BusinessDay from;
  BusinessDay to;
  std::uint64_t days_recounted = 0;
  std::uint64_t orders = 0;  // Placed, on those days.
  std::uint64_t users = 0;   // With orders on those days, cancelled ones included.
  // Their orders are not stored any more: the buckets' stored sums were held against the day's.
  std::vector<BusinessDay> days_attested;
  // Being counted at the last look, at least in part: nothing is said about that.
  std::set<BusinessDay> not_counted_yet;
  std::vector<Difference> differences;  // Up to a bound; sorted.
  std::uint64_t differences_total = 0;
  std::chrono::milliseconds duration{0};

  friend bool operator==(const Report&, const Report&) = default;
};

// Lines for people, the differences as a table.
std::string to_text(const Report& report);

// As an object: {"from":…,"to":…,…}.
void write_report(wire::JsonWriter& json, const Report& report);

// Reads what write_report() wrote. What is not there, or is something else, is as in a new Report.
Report read_report(const simdjson::dom::element& json);

}  // namespace konomi::verify
