#include "verify/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace konomi::verify {
namespace {

constexpr std::size_t kDaysPerRead = 100;

// Days with marks, bucket summaries or a roll-up.
Result<std::set<BusinessDay>> known_days(const VerifyPorts& ports, const VerifyOptions& options) {
  std::set<BusinessDay> days;
  for (const Bucket bucket : all_buckets(options.bucket_count)) {
    KONOMI_TRY(const auto marks, ports.orders.marks(bucket));
    for (const auto& [day, of_day] : marks) days.insert(day);
    KONOMI_TRY(const auto counted, ports.summaries.counted_marks(bucket));
    for (const auto& [day, of_day] : counted) days.insert(day);
  }
  return days;
}

// Adds the days that are rolled up, and those of them that are open to `open`.
Result<void> add_rolled_up(const VerifyPorts& ports, std::set<BusinessDay>& days,
                           std::set<BusinessDay>& open) {
  KONOMI_TRY(const auto range, ports.summaries.days_range());
  if (!range) return {};
  for (BusinessDay from = range->first; from <= range->last;) {
    KONOMI_TRY(const auto summaries, ports.summaries.days(from, range->last, kDaysPerRead));
    if (summaries.empty()) break;
    for (const DaySummary& summary : summaries) {
      days.insert(summary.day);
      if (summary.state == DayState::open) open.insert(summary.day);
    }
    from = summaries.back().day + std::chrono::days(1);
  }
  return {};
}

Result<bool> has_stored_orders(const VerifyPorts& ports, const VerifyOptions& options,
                               BusinessDay day) {
  std::vector<StoredOrder> row;
  for (const Bucket bucket : all_buckets(options.bucket_count)) {
    KONOMI_TRY(const auto cursor, ports.orders.scan(day, bucket));
    KONOMI_CHECK_OK(cursor->next(row, 1));
    if (!row.empty()) return true;
  }
  return false;
}

Result<bool> has_counted_orders(const VerifyPorts& ports, const VerifyOptions& options,
                                BusinessDay day) {
  KONOMI_TRY(const auto parts, ports.summaries.day_parts(day, all_buckets(options.bucket_count)));
  return std::ranges::any_of(
      parts, [](const DayPart& part) { return part.summary && part.summary->figures.orders > 0; });
}

}  // namespace

Result<Scope> find_scope(const VerifyPorts& ports, const VerifyOptions& options,
                         std::optional<BusinessDay> from, std::optional<BusinessDay> to) {
  Scope scope;
  KONOMI_TRY(std::set<BusinessDay> days, known_days(ports, options));
  std::set<BusinessDay> open;
  KONOMI_CHECK_OK(add_rolled_up(ports, days, open));
  if (options.judged_nightly) scope.unjudged = std::move(open);
  scope.everything =
      days.empty() || ((!from || *from <= *days.begin()) && (!to || *to >= *days.rbegin()));
  const bool known = !days.empty();
  scope.from = from ? *from : known ? *days.begin() : to.value_or(BusinessDay());
  scope.to = to ? *to : known ? std::max(*days.rbegin(), scope.from) : scope.from;
  if (scope.to < scope.from) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("from {} to {} is no day; expected the earlier day first",
                            to_string(scope.from), to_string(scope.to)));
  }
  KONOMI_TRY(const auto expiry, ports.settings.expiry());
  for (const BusinessDay day : days) {
    if (!scope.holds(day)) continue;
    scope.days.insert(day);
    if (expiry && day < expiry->before) {
      // Some of its orders may still be there.
      scope.attested.insert(day);
      continue;
    }
    KONOMI_TRY(const bool stored, has_stored_orders(ports, options, day));
    if (stored) continue;
    KONOMI_TRY(const bool counted, has_counted_orders(ports, options, day));
    if (counted) scope.attested.insert(day);
  }
  return scope;
}

Result<CountingRules> counting_rules(const VerifyPorts& ports, const VerifyOptions& options) {
  KONOMI_TRY(const auto stored, ports.settings.counting_rules());
  return stored.value_or(CountingRules{.preference = options.rules});
}

}  // namespace konomi::verify
