#include "api/segment_sizes.h"

#include <algorithm>
#include <chrono>

namespace konomi::api {
namespace {

constexpr std::size_t kDaysPerRead = 128;

// Signed, for days are summed in the order of the calendar while a recount may be rewriting them.
using Balance = std::map<Standing, std::int64_t>;

void add_moves(Balance& balance, const Moves& moves) {
  for (const auto& [move, users] : moves) {
    balance[move.first] -= static_cast<std::int64_t>(users);
    balance[move.second] += static_cast<std::int64_t>(users);
  }
}

void add_balance(SegmentSizes& sizes, const Balance& balance) {
  for (const auto& [standing, signed_users] : balance) {
    if (standing.is_none() || signed_users <= 0) continue;
    const auto users = static_cast<std::uint64_t>(signed_users);
    sizes.users += users;
    if (standing.is_undecided()) {
      sizes.undecided = users;
    } else {
      sizes.users_by_type[standing.menu_type()] = users;
    }
  }
}

}  // namespace

Result<SegmentSizes> segment_sizes(SummaryStore& summaries) {
  SegmentSizes sizes;
  KONOMI_TRY(const auto range, summaries.days_range());
  if (!range) return sizes;
  Balance balance;
  for (BusinessDay from = range->first; from <= range->last;) {
    KONOMI_TRY(const auto days, summaries.days(from, range->last, kDaysPerRead));
    if (days.empty()) break;
    for (const DaySummary& day : days) {
      add_moves(balance, day.moves);
      sizes.computed_at = std::max(sizes.computed_at, std::optional(day.computed_at));
    }
    from = days.back().day + std::chrono::days(1);
  }
  add_balance(sizes, balance);
  sizes.last_day = range->last;
  return sizes;
}

}  // namespace konomi::api
