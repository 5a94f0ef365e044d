#include "domain/preference.h"

#include "base/assert.h"
#include "domain/version.h"

#include <boost/math/special_functions/beta.hpp>

#include <algorithm>
#include <cmath>

namespace konomi {
namespace {

// Most orders, then the latest order, then the smaller name (docs/design.md#preference).
bool beats(const TypeCount& a, const TypeCount& b) {
  if (a.orders != b.orders) return a.orders > b.orders;
  if (a.last_ordered_at != b.last_ordered_at) return a.last_ordered_at > b.last_ordered_at;
  return a.menu_type < b.menu_type;
}

// The orders of a user up to a day, by menu type.
class Totals {
 public:
  void add(const UserDayCounts& day) {
    for (const TypeCount& count : day.counts) {
      TypeCount& total = total_of(count.menu_type);
      total.orders += count.orders;
      total.last_ordered_at = std::max(total.last_ordered_at, count.last_ordered_at);
      orders_ += count.orders;
    }
  }

  std::uint64_t orders() const { return orders_; }

  const TypeCount* favourite() const { return best_except(nullptr); }
  const TypeCount* runner_up(const TypeCount* favourite) const { return best_except(favourite); }

  Timestamp last_ordered_at() const {
    Timestamp last;
    for (const TypeCount& count : counts_) last = std::max(last, count.last_ordered_at);
    return last;
  }

  std::vector<TypeCount> take() && { return std::move(counts_); }

 private:
  TypeCount& total_of(const MenuType& type) {
    auto found = std::ranges::lower_bound(counts_, type, {}, &TypeCount::menu_type);
    if (found == counts_.end() || found->menu_type != type)
      found = counts_.insert(found, TypeCount{.menu_type = type});
    return *found;
  }

  const TypeCount* best_except(const TypeCount* excluded) const {
    const TypeCount* best = nullptr;
    for (const TypeCount& count : counts_) {
      if (&count != excluded && (best == nullptr || beats(count, *best))) best = &count;
    }
    return best;
  }

  std::vector<TypeCount> counts_;  // Ascending by menu type.
  std::uint64_t orders_ = 0;
};

Standing standing_of(const Totals& totals, const PreferenceRules& rules) {
  if (totals.orders() == 0) return {};
  if (totals.orders() < rules.min_orders) return Standing::undecided();
  return Standing::prefers(totals.favourite()->menu_type);
}

Preference preference_of(const Totals& totals, const PreferenceRules& rules) {
  const TypeCount* favourite = totals.favourite();
  const TypeCount* runner_up = totals.runner_up(favourite);
  Preference preference;
  preference.menu_type = favourite->menu_type;
  preference.orders = favourite->orders;
  preference.total_orders = totals.orders();
  if (runner_up != nullptr) {
    preference.runner_up = runner_up->menu_type;
    preference.runner_up_orders = runner_up->orders;
  }
  preference.tied = runner_up != nullptr && runner_up->orders == favourite->orders;
  preference.undecided = totals.orders() < rules.min_orders;
  preference.confidence_e4 = confidence_e4(preference.orders, preference.runner_up_orders);
  preference.last_ordered_at = totals.last_ordered_at();
  return preference;
}

}  // namespace

Standing Standing::of(const std::optional<Preference>& preference) {
  if (!preference) return {};
  return preference->undecided ? undecided() : prefers(preference->menu_type);
}

std::uint32_t confidence_e4(std::uint64_t favourite_orders, std::uint64_t runner_up_orders) {
  const double probability = boost::math::ibetac(static_cast<double>(favourite_orders) + 1,
                                                 static_cast<double>(runner_up_orders) + 1, 0.5);
  return static_cast<std::uint32_t>(std::lround(probability * 10'000));
}

std::vector<TypeCount> total_counts(std::span<const UserDayCounts> days) {
  Totals totals;
  for (const UserDayCounts& day : days) totals.add(day);
  return std::move(totals).take();
}

PreferenceHistory derive_preference(std::span<const UserDayCounts> days,
                                    const PreferenceRules& rules) {
  PreferenceHistory history;
  Totals totals;
  Standing standing;
  VersionSum version;
  for (std::size_t i = 0; i < days.size(); ++i) {
    KONOMI_ASSERT(i == 0 || days[i - 1].day < days[i].day, "a user's days must ascend");
    totals.add(days[i]);
    version.add(days[i].version);
    Standing next = standing_of(totals, rules);
    if (next == standing) continue;
    history.changes.push_back({.day = days[i].day, .from = standing, .to = next});
    standing = std::move(next);
  }
  if (totals.orders() == 0) return history;
  history.current = preference_of(totals, rules);
  history.current->since = history.changes.back().day;
  history.current->version = version.under(Generation(0));
  return history;
}

}  // namespace konomi
