#pragma once

#include "base/clock.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/ids.h"
#include "domain/order.h"
#include "domain/preference.h"
#include "domain/version.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace konomi {

// Per log partition, the highest offset stored (day_marks) or counted (summaries).
using Marks = std::map<LogPartition, LogOffset>;

// Whether `stored` holds anything that `counted` has not seen.
bool is_dirty(const Marks& stored, const Marks& counted);

using HourCounts = std::array<std::uint64_t, 24>;  // By the hour on the restaurant's clock.

struct TypeFigures {
  std::uint64_t orders = 0;
  HourCounts by_hour{};

  friend bool operator==(const TypeFigures&, const TypeFigures&) = default;
};

// The counts of one business day, of one bucket or of all.
struct DayFigures {
  std::map<MenuType, TypeFigures> types;  // Only types with orders.
  std::uint64_t orders = 0;               // Placed orders.
  std::uint64_t users = 0;                // Users with at least one placed order.
  // An order-independent fingerprint of the placed orders: the sum, modulo 2^64, of
  // order_fingerprint().
  std::uint64_t checksum = 0;

  // Counts a placed order. The caller counts `users`.
  void add(const Order& order, int hour);
  // Adds the figures of another bucket, which has no user in common with this one.
  void add(const DayFigures& other);

  friend bool operator==(const DayFigures&, const DayFigures&) = default;
};

// 64 bits of a hash over user, order id, type and instant. The same on every machine and in every
// version (docs/formats.md).
std::uint64_t order_fingerprint(const Order& order);

// Whether the raw orders of a counted (day, bucket) are still there. When they are not, its figures
// cannot be counted again, and stay as they are.
enum class RawOrders : std::uint8_t { kept = 0, leaving = 1, gone = 2 };

// The counts of one (business day, bucket).
struct BucketSummary {
  DayFigures figures;
  Marks counted_up_to;  // The day_marks read before the orders were.
  RawOrders raw_orders = RawOrders::kept;
  // The sum of the versions of the day's stored orders and of the marks counted up to: recounting
  // after a repeated order, which changes marks only, must win too.
  Version version;

  friend bool operator==(const BucketSummary&, const BucketSummary&) = default;
};

// What a bucket's summary of a day was counted up to, and under which generation.
struct CountedMarks {
  Marks marks;
  Generation generation;
  RawOrders raw_orders = RawOrders::kept;

  friend bool operator==(const CountedMarks&, const CountedMarks&) = default;
};

// How many users of one bucket moved from one standing to another on one day.
struct BucketMoves {
  Moves moves;
  Version version;  // The sum of the versions of the changes they were summed from.

  friend bool operator==(const BucketMoves&, const BucketMoves&) = default;
};

enum class DayState : std::uint8_t { open = 0, preliminary = 1, final = 2, revised = 3 };
std::string_view name_of(DayState state);

// The roll-up of a business day over all buckets: what the page and the API show.
struct DaySummary {
  BusinessDay day;
  DayFigures figures;
  Moves moves;          // Between segments, as of this day against the one before.
  Marks counted_up_to;  // The highest of the buckets'.
  DayState state = DayState::open;
  std::uint32_t revision = 0;  // How often a final day's checksum changed.
  Timestamp computed_at;
  Version version;  // day_version() of its parts and state.

  friend bool operator==(const DaySummary&, const DaySummary&) = default;
};

// The version of a day's roll-up: the sum of its parts' versions, and the rank of its state, which
// never goes down. A part that changed has a higher version by one at least, so a later roll-up has
// the higher version, whatever its state.
Version day_version(VersionSum parts, DayState state, Generation generation);

// How far counting has come in some buckets: everything before these offsets is stored and counted.
struct CountProgress {
  std::map<LogPartition, LogOffset> next_offsets;
  Generation generation;  // Everything that this generation wants counted again is, too.
  Timestamp finished_at;
  std::chrono::milliseconds duration{0};

  friend bool operator==(const CountProgress&, const CountProgress&) = default;
};

// The progress that all of them have reached: the lowest offset of each partition, the lowest
// generation, the earliest end, the longest duration. Nothing when one of them is nothing.
std::optional<CountProgress> least_progress(
    std::span<const std::optional<CountProgress>> of_buckets);

// What a day's state follows from (docs/design.md#day-state). `stored_up_to`: every record logged
// before this instant is stored, in every partition. `previous` is the day's stored roll-up, or
// nothing; `checksum` is the new one.
struct DayStateInput {
  BusinessCalendar::Interval day;
  std::chrono::milliseconds allowance;  // For late orders, after the day's end.
  Timestamp now;
  Timestamp stored_up_to;
};
struct DayStanding {
  DayState state = DayState::open;
  std::uint32_t revision = 0;

  friend bool operator==(const DayStanding&, const DayStanding&) = default;
};
DayStanding day_standing(const DayStateInput& input, const DaySummary* previous,
                         std::uint64_t checksum);

}  // namespace konomi
