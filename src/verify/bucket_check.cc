#include "verify/bucket_check.h"

#include "verify/findings.h"
#include "verify/settled.h"
#include "verify/taste.h"
#include "verify/user_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::verify {
namespace {

class BucketCheck {
 public:
  BucketCheck(const VerifyPorts& ports, const VerifyOptions& options,
              const BusinessCalendar& calendar, const Clock& clock, const Scope& scope,
              Bucket bucket, const std::stop_token& stop)
      : ports_(ports),
        options_(options),
        calendar_(calendar),
        clock_(clock),
        scope_(scope),
        bucket_(bucket),
        stop_(stop),
        notes_(bucket) {}

  Result<BucketFindings> run() {
    KONOMI_TRY(before_, BucketMoment::read(ports_, options_, bucket_));
    for (const BusinessDay day : scope_.days) {
      if (scope_.attested.contains(day)) continue;
      days_.insert(day);
    }
    KONOMI_CHECK_OK(check_parts());
    KONOMI_TRY(const auto types, ports_.settings.menu_types());
    for (const MenuTypeEntry& type : types) names_.number_of(type.id.value());
    // All users at first; a part that is too large is divided.
    std::vector<UserPart> parts = {UserPart{}};
    while (!parts.empty()) {
      const UserPart part = parts.back();
      parts.pop_back();
      KONOMI_CHECK_OK(check_users(part, parts));
    }
    check_moves();
    KONOMI_TRY(const BucketMoment after, BucketMoment::read(ports_, options_, bucket_));
    KONOMI_TRY(expiry_, ports_.settings.expiry());
    return take_findings(after);
  }

 private:
  // --- figures

  Result<void> check_parts() {
    for (const BusinessDay day : days_) {
      if (stop_.stop_requested()) return stopped();
      KONOMI_TRY(const Sums sums, recount(day));
      KONOMI_TRY(auto parts, ports_.summaries.day_parts(day, {&bucket_, 1}));
      const DayPart& stored = parts.front();
      stored_moves_[day] = stored.moves.moves;
      findings_.orders += sums.orders;
      if (!stored.summary && sums.orders == 0 && !has_marks(day)) continue;
      const bool mendable = has_marks(day) || sums.orders == 0;
      const auto differ = [&](const std::string& what, std::string expected, std::string found) {
        findings_.right_figures.try_emplace(day, sums);
        notes_.add({.day = day,
                    .bucket = bucket_,
                    .what = what,
                    .expected = std::move(expected),
                    .found = std::move(found),
                    .mendable = mendable},
                   {day}, [this, day](RepairPlan& plan) { plan_figures(plan, day); });
      };
      if (stored.summary) {
        compare(sums, stored.summary->figures, differ);
      } else {
        differ("figures", fmt::format("{} orders", sums.orders), "missing");
      }
    }
    return {};
  }

  void plan_figures(RepairPlan& plan, BusinessDay day) const {
    if (has_marks(day)) {
      plan.recounts.emplace(day, bucket_);
    } else {
      plan.stray_parts.emplace(day, bucket_);
      plan.roll_ups.insert(day);
    }
  }

  Result<Sums> recount(BusinessDay day) {
    Sums sums;
    UserId previous;  // No user's id is empty.
    bool counted = false;
    KONOMI_CHECK_OK(each_order(day, [&](const StoredOrder& stored) {
      const Order& order = stored.order;
      if (before_.is_after_last_pass(stored.version)) newest_.insert(day);
      check_place(day, order);
      if (order.user_id != previous) {
        previous = order.user_id;
        counted = false;
      }
      if (order.status != OrderStatus::placed) return;
      if (!counted) sums.users += 1;
      counted = true;
      sums.count(order, calendar_.hour_of(order.ordered_at));
    }));
    return sums;
  }

  void check_place(BusinessDay day, const Order& order) {
    const BusinessDay right_day = calendar_.day_of(order.ordered_at);
    const Bucket right_bucket = bucket_of(order.user_id, options_.bucket_count);
    if (right_day == day && right_bucket == bucket_) return;
    notes_.add(
        {.day = day,
         .bucket = bucket_,
         .user_id = order.user_id,
         .what = "order " + order.order_id.value(),
         .expected = fmt::format("on {} in bucket {}", to_string(right_day), right_bucket.value()),
         .found = "here",
         .mendable = false},
        {day}, {});
  }

  template <class Take>
  Result<void> each_order(BusinessDay day, const Take& take) {
    KONOMI_TRY(const auto cursor, ports_.orders.scan(day, bucket_));
    std::vector<StoredOrder> rows;
    while (true) {
      if (stop_.stop_requested()) return stopped();
      KONOMI_CHECK_OK(cursor->next(rows, options_.rows_per_read));
      if (rows.empty()) return {};
      for (const StoredOrder& row : rows) take(row);
    }
  }

  // --- users

  // Checks the users of a part; or, when they are too many, of a half of it and so on, and puts the
  // other halves into `later`.
  Result<void> check_users(UserPart part, std::vector<UserPart>& later) {
    UserCheck users(ports_, options_, scope_, before_.rules().preference, names_, bucket_, notes_);
    for (const BusinessDay day : days_) {
      KONOMI_CHECK_OK(each_order(day, [&](const StoredOrder& stored) {
        if (part.holds(stored.order.user_id)) users.take(day, stored.order);
      }));
      while (users.is_too_large()) {
        later.push_back(part.take_half());
        users.keep_only(part);
      }
    }
    KONOMI_CHECK_OK(users.check_rows(stop_));
    KONOMI_CHECK_OK(users.check_segments(part, stop_));
    for (const BusinessDay day : days_) {
      if (stop_.stop_requested()) return stopped();
      KONOMI_CHECK_OK(users.check_changes(part, day));
    }
    for (const auto& [day, moves] : users.moves()) {
      for (const auto& [move, number] : moves) moves_[day][move] += number;
    }
    findings_.users += users.users();
    return {};
  }

  void check_moves() {
    for (const BusinessDay day : days_) {
      const Moves& expected = moves_[day];
      const Moves& found = stored_moves_[day];
      const auto number_in = [](const Moves& moves, const auto& move) {
        const auto at = moves.find(move);
        return at == moves.end() ? std::uint64_t{0} : at->second;
      };
      Moves all = expected;
      all.insert(found.begin(), found.end());
      for (const auto& [move, unused] : all) {
        const std::uint64_t should = number_in(expected, move);
        const std::uint64_t is = number_in(found, move);
        if (should == is) continue;
        findings_.right_moves.try_emplace(day, expected);
        notes_.add({.day = day,
                    .bucket = bucket_,
                    .what = fmt::format("moves from {} to {}", describe(move.first),
                                        describe(move.second)),
                    .expected = fmt::to_string(should),
                    .found = fmt::to_string(is)},
                   {day}, [this, day](RepairPlan& plan) { plan_figures(plan, day); });
      }
    }
  }

  // --- what may be believed

  bool has_marks(BusinessDay day) const { return before_.stored().contains(day); }

  bool is_settled(BusinessDay day, const BucketMoment& after) const {
    if (before_.awaits_count(day) || after.awaits_count(day) || newest_.contains(day)) return false;
    // Its orders leave since we looked.
    if (expiry_ && day < expiry_->before && !scope_.attested.contains(day)) return false;
    // Its users are about to be judged.
    const bool closes =
        scope_.unjudged.contains(day) && calendar_.interval_of(day).end <= clock_.now();
    return !closes && before_.agrees_with(after, day);
  }

  BucketFindings take_findings(const BucketMoment& after) {
    const auto settled = [&](BusinessDay day) { return is_settled(day, after); };
    for (const BusinessDay day : days_) {
      if (before_.awaits_count(day) || after.awaits_count(day))
        findings_.not_counted_yet.insert(day);
    }
    notes_.move_to(findings_, settled, options_.differences_max);
    return std::move(findings_);
  }

  const VerifyPorts& ports_;
  const VerifyOptions& options_;
  const BusinessCalendar& calendar_;
  const Clock& clock_;
  const Scope& scope_;
  const Bucket bucket_;
  const std::stop_token& stop_;

  BucketMoment before_;
  std::set<BusinessDay> days_;    // To be recounted.
  std::optional<Expiry> expiry_;  // As it is at the end.
  std::set<BusinessDay> newest_;  // With orders that came after the last whole pass.
  TypeNames names_;
  std::map<BusinessDay, Moves> moves_;
  std::map<BusinessDay, Moves> stored_moves_;
  Notes notes_;
  BucketFindings findings_;
};

}  // namespace

Result<BucketFindings> check_bucket(const VerifyPorts& ports, const VerifyOptions& options,
                                    const BusinessCalendar& calendar, const Clock& clock,
                                    const Scope& scope, Bucket bucket,
                                    const std::stop_token& stop) {
  return BucketCheck(ports, options, calendar, clock, scope, bucket, stop).run();
}

}  // namespace konomi::verify
