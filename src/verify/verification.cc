#include "verify/verification.h"

#include "base/wait.h"
#include "verify/taste.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>
#include <utility>

namespace konomi::verify {

// What one look at a day's roll-up came to.
struct Verification::DayFindings {
  std::vector<Difference> differences;
  bool is_being_counted = false;
};

namespace {

// The differences that are in both; both are sorted.
std::vector<Difference> seen_twice(const std::vector<Difference>& first,
                                   const std::vector<Difference>& second) {
  std::vector<Difference> both;
  std::ranges::set_intersection(first, second, std::back_inserter(both));
  return both;
}

}  // namespace

Verification::Verification(const VerifyPorts& ports, const VerifyOptions& options,
                           const BusinessCalendar& calendar, const Clock& clock, Scope scope)
    : ports_(ports),
      options_(options),
      calendar_(calendar),
      clock_(clock),
      scope_(std::move(scope)),
      buckets_(all_buckets(options.bucket_count)),
      begun_at_(clock.now()) {
  report_.from = scope_.from;
  report_.to = scope_.to;
  report_.days_attested.assign(scope_.attested.begin(), scope_.attested.end());
  report_.days_recounted = scope_.days.size() - scope_.attested.size();
}

Result<std::unique_ptr<Verification>> Verification::begin(
    const VerifyPorts& ports, const VerifyOptions& options, const BusinessCalendar& calendar,
    const Clock& clock, std::optional<BusinessDay> from, std::optional<BusinessDay> to) {
  KONOMI_TRY(Scope scope, find_scope(ports, options, from, to));
  return std::unique_ptr<Verification>(
      new Verification(ports, options, calendar, clock, std::move(scope)));
}

Result<bool> Verification::step(const std::stop_token& stop) {
  const std::size_t next = done();
  if (next >= parts()) return false;
  if (next < buckets_.size()) {
    KONOMI_TRY(BucketFindings findings, look_at(buckets_[next], stop));
    add(buckets_[next], std::move(findings));
    return true;
  }
  KONOMI_CHECK_OK(check_days(stop));
  return true;
}

Result<void> Verification::run(std::size_t threads, const std::function<void()>& on_progress,
                               const std::stop_token& stop) {
  Mutex progress_mutex;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto look_at_buckets = [&](Result<void>& outcome) {
    for (std::size_t i = next++; i < buckets_.size() && !failed; i = next++) {
      auto findings = look_at(buckets_[i], stop);
      if (!findings) {
        failed = true;
        outcome = std::unexpected(findings.error());
        return;
      }
      add(buckets_[i], std::move(*findings));
      const MutexLock lock(progress_mutex);
      on_progress();
    }
  };
  std::vector<Result<void>> outcomes(std::clamp<std::size_t>(threads, 1, buckets_.size()));
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < outcomes.size(); ++i)
      others.emplace_back([&, i] { look_at_buckets(outcomes[i]); });
    look_at_buckets(outcomes[0]);
  }
  for (const Result<void>& outcome : outcomes) KONOMI_CHECK_OK(outcome);
  return check_days(stop);
}

std::size_t Verification::done() const {
  const MutexLock lock(mutex_);
  return done_;
}

// --- Buckets -------------------------------------------------------------------------------------

Result<BucketFindings> Verification::look_at(Bucket bucket, const std::stop_token& stop) const {
  std::optional<std::vector<Difference>> before;
  for (int look = 1;; ++look) {
    KONOMI_TRY(BucketFindings findings,
               check_bucket(ports_, options_, calendar_, clock_, scope_, bucket, stop));
    const bool quiet = findings.not_counted_yet.empty();
    if (quiet && (findings.differences.empty() || findings.differences == before)) return findings;
    if (look == options_.looks_max) {
      if (before) {
        const std::size_t all = findings.differences.size();
        findings.differences = seen_twice(*before, findings.differences);
        findings.differences_total -= all - findings.differences.size();
      }
      return findings;
    }
    before = std::move(findings.differences);
    if (wait_or_stop(stop, options_.look_again_after)) return stopped();
  }
}

void Verification::add(Bucket bucket, BucketFindings findings) {
  const MutexLock lock(mutex_);
  ++done_;
  report_.orders += findings.orders;
  report_.users += findings.users;
  report_.differences_total += findings.differences_total;
  for (Difference& difference : findings.differences) {
    if (report_.differences.size() == options_.differences_max) break;
    report_.differences.push_back(std::move(difference));
  }
  report_.not_counted_yet.merge(findings.not_counted_yet);
  for (auto& [day, sums] : findings.right_figures)
    right_figures_.emplace(BucketOfDay(day, bucket), std::move(sums));
  for (auto& [day, moves] : findings.right_moves)
    right_moves_.emplace(BucketOfDay(day, bucket), std::move(moves));
  plan_.add(findings.plan);
}

// --- Days ----------------------------------------------------------------------------------------

Result<void> Verification::check_days(const std::stop_token& stop) {
  for (const BusinessDay day : scope_.days) {
    if (report_.not_counted_yet.contains(day)) continue;
    DayFindings before;
    for (int look = 1;; ++look) {
      if (stop.stop_requested()) return stopped();
      KONOMI_TRY(DayFindings findings, check_day(day));
      const bool certain =
          findings.differences.empty() || (look > 1 && findings.differences == before.differences);
      if (!findings.is_being_counted && certain) {
        before = std::move(findings);
        break;
      }
      before = std::move(findings);
      if (look == options_.looks_max) break;
      if (wait_or_stop(stop, options_.look_again_after)) return stopped();
    }
    if (before.is_being_counted) {
      report_.not_counted_yet.insert(day);
      continue;
    }
    if (before.differences.empty()) continue;
    if (!scope_.attested.contains(day)) plan_.roll_ups.insert(day);
    report_.differences_total += before.differences.size();
    std::ranges::move(before.differences, std::back_inserter(report_.differences));
  }
  finish();
  return {};
}

Result<Verification::DayFindings> Verification::check_day(BusinessDay day) const {
  KONOMI_TRY(const bool moved_before, is_in_motion());
  KONOMI_TRY(const auto parts, ports_.summaries.day_parts(day, buckets_));
  KONOMI_TRY(const auto stored, ports_.summaries.day(day));
  KONOMI_TRY(const bool moved_after, is_in_motion());

  Sums sums;
  std::map<std::pair<Standing, Standing>, std::uint64_t> moves;
  VersionSum version;
  for (const DayPart& part : parts) {
    const BucketOfDay key(day, part.bucket);
    const auto right = right_figures_.find(key);
    if (right != right_figures_.end()) {
      sums.add(right->second);
    } else if (part.summary) {
      sums.add(sums_of(part.summary->figures));
    }
    const auto right_moves = right_moves_.find(key);
    const Moves& of_part =
        right_moves == right_moves_.end() ? part.moves.moves : right_moves->second;
    for (const auto& [move, users] : of_part) moves[move] += users;
    version.add(part.moves.version);
    if (part.summary) version.add(part.summary->version);
  }

  DayFindings findings;
  const auto differ = [&](const std::string& what, std::string expected, std::string found) {
    findings.differences.push_back({.day = day,
                                    .what = what,
                                    .expected = std::move(expected),
                                    .found = std::move(found),
                                    .mendable = !scope_.attested.contains(day)});
  };
  const bool in_motion = moved_before || moved_after;
  if (!stored) {
    if (sums.orders > 0) differ("figures", fmt::format("{} orders", sums.orders), "missing");
    findings.is_being_counted = in_motion && !findings.differences.empty();
    return findings;
  }
  compare(sums, stored->figures, differ);
  // A roll-up whose version is that of its parts should be their sum; an older one may be behind.
  const bool is_behind =
      stored->version < day_version(version, stored->state, generation_of(stored->version));
  findings.is_being_counted = in_motion && is_behind && !findings.differences.empty();
  for (const auto& [move, users] : stored->moves) moves.try_emplace(move, 0);
  for (const auto& [move, users] : moves) {
    const auto found = stored->moves.find(move);
    const std::uint64_t is = found == stored->moves.end() ? 0 : found->second;
    if (is == users) continue;
    // Not every engine gives moves a version.
    findings.is_being_counted = findings.is_being_counted || in_motion;
    differ(fmt::format("moves from {} to {}", describe(move.first), describe(move.second)),
           fmt::to_string(users), fmt::to_string(is));
  }
  return findings;
}

// Whether a pass is going on, or due: days may not be summed up yet.
Result<bool> Verification::is_in_motion() const {
  KONOMI_TRY(const auto progress, ports_.summaries.progress(buckets_));
  KONOMI_TRY(const auto watermarks, ports_.orders.watermarks());
  KONOMI_TRY(const CountingRules rules, counting_rules(ports_, options_));
  if (progress && progress->generation < rules.generation) return true;
  return std::ranges::any_of(watermarks, [&](const auto& entry) {
    const auto& [partition, watermark] = entry;
    if (watermark.next_offset == LogOffset(0)) return false;
    if (!progress) return true;
    const auto counted = progress->next_offsets.find(partition);
    return counted == progress->next_offsets.end() || counted->second < watermark.next_offset;
  });
}

void Verification::finish() {
  std::ranges::sort(report_.differences);
  if (report_.differences.size() > options_.differences_max)
    report_.differences.resize(options_.differences_max);
  report_.duration = std::max(std::chrono::milliseconds(0), clock_.now() - begun_at_);
  const MutexLock lock(mutex_);
  done_ = parts();
}

}  // namespace konomi::verify
