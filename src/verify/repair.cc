#include "verify/repair.h"

#include <algorithm>

namespace konomi::verify {
namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::size_t count_of(const StrayRows& rows) {
  return rows.members.size() + rows.changes.size() + rows.counts.size() + rows.preferences.size();
}

// A day is summed up again when one of its buckets is counted again; any will do.
Result<void> add_roll_ups(const VerifyPorts& ports, const VerifyOptions& options,
                          const std::set<BusinessDay>& days, Version version,
                          std::set<BucketOfDay>& recounts) {
  std::set<BusinessDay> left = days;
  for (const auto& [day, bucket] : recounts) left.erase(day);
  for (const Bucket bucket : all_buckets(options.bucket_count)) {
    if (left.empty()) return {};
    KONOMI_TRY(const auto marks, ports.orders.marks(bucket));
    for (const auto& [day, of_day] : marks) {
      if (left.erase(day) > 0) recounts.emplace(day, bucket);
    }
  }
  // Nothing was ever stored on these.
  for (const BusinessDay day : left)
    KONOMI_CHECK_OK(ports.summaries.put_day({.day = day, .version = version}));
  return {};
}

// The figures stay, but count for nothing: their marks are gone.
Result<void> withdraw(const VerifyPorts& ports, const BucketOfDay& of, Version version) {
  const auto& [day, bucket] = of;
  KONOMI_TRY(const auto parts, ports.summaries.day_parts(day, {&bucket, 1}));
  if (!parts.front().summary) return {};
  BucketSummary summary = *parts.front().summary;
  summary.counted_up_to.clear();
  summary.version = version;
  return ports.summaries.put_bucket_summary(day, bucket, summary);
}

}  // namespace

bool RepairPlan::empty() const {
  return recounts.empty() && roll_ups.empty() && stray_parts.empty() && count_of(strays) == 0;
}

void RepairPlan::add(const RepairPlan& other) {
  recounts.insert(other.recounts.begin(), other.recounts.end());
  roll_ups.insert(other.roll_ups.begin(), other.roll_ups.end());
  stray_parts.insert(other.stray_parts.begin(), other.stray_parts.end());
  append(strays.members, other.strays.members);
  append(strays.changes, other.strays.changes);
  append(strays.counts, other.strays.counts);
  append(strays.preferences, other.strays.preferences);
}

Result<Repair> begin_repair(const VerifyPorts& ports, const VerifyOptions& options,
                            const RepairPlan& plan) {
  KONOMI_TRY(const CountingRules rules, counting_rules(ports, options));
  KONOMI_TRY(const CountingRules next, raised(rules));
  // The lowest of the next generation: it wins over all there is, and loses against every count.
  const Version version = VersionSum().under(next.generation);
  KONOMI_CHECK_OK(ports.preferences.remove_strays(plan.strays, version));
  for (const auto& [day, bucket] : plan.stray_parts) {
    KONOMI_CHECK_OK(
        ports.summaries.put_bucket_moves(day, bucket, {.moves = {}, .version = version}));
    KONOMI_CHECK_OK(ports.summaries.put_bucket_summary(day, bucket, {.version = version}));
  }
  std::set<BucketOfDay> recounts = plan.recounts;
  KONOMI_CHECK_OK(add_roll_ups(ports, options, plan.roll_ups, version, recounts));
  for (const BucketOfDay& of : recounts) KONOMI_CHECK_OK(withdraw(ports, of, version));
  // Only now: a pass under the new generation must find all of them to be counted, so that no day
  // is summed up twice at the same version.
  KONOMI_CHECK_OK(ports.settings.put_counting_rules(next));
  return Repair{.generation = next.generation,
                .recounts = recounts.size(),
                .strays = count_of(plan.strays) + plan.stray_parts.size()};
}

Result<bool> is_counted_under(const VerifyPorts& ports, const VerifyOptions& options,
                              Generation generation) {
  KONOMI_TRY(const auto progress, ports.summaries.progress(all_buckets(options.bucket_count)));
  return progress && progress->generation >= generation;
}

}  // namespace konomi::verify
