#include "aggregate/user_judgement.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace konomi::aggregate {
namespace {

std::vector<PreferenceChange> changes_from(BusinessDay first, std::span<const UserDayCounts> days,
                                           const std::vector<PreferenceChange>& changes) {
  std::vector<PreferenceChange> rows;
  Standing standing;
  auto change = changes.begin();
  for (const UserDayCounts& counts : days) {
    const Standing before = standing;
    if (change != changes.end() && change->day == counts.day) standing = (change++)->to;
    if (counts.day >= first) rows.push_back({.day = counts.day, .from = before, .to = standing});
  }
  return rows;
}

// Where the user may still be listed: a correction can have taken away the last order of the type
// that the stored preference names, and then no count names it any more.
std::vector<MenuType> types_except(const Standing& standing, std::span<const UserDayCounts> days,
                                   const std::optional<Preference>& stored) {
  std::vector<MenuType> types;
  for (TypeCount& count : total_counts(days)) types.push_back(std::move(count.menu_type));
  if (stored && !std::ranges::binary_search(types, stored->menu_type))
    types.push_back(stored->menu_type);
  if (standing.is_type()) std::erase(types, standing.menu_type());
  return types;
}

// Leaves out days that still exist: their own versions include what they lost.
void add_days_gone(VersionSum& version, const std::map<BusinessDay, std::uint64_t>& erased,
                   std::span<const UserDayCounts> days, Generation generation) {
  for (const auto& [day, lost] : erased) {
    if (std::ranges::binary_search(days, day, {}, &UserDayCounts::day)) continue;
    VersionSum of_day;
    of_day.add(lost);
    version.add(of_day.under(generation));
  }
}

}  // namespace

PreferenceUpdate judge_user(UserId user_id, Bucket bucket, BusinessDay recounted,
                            std::span<const UserDayCounts> days,
                            const std::optional<Preference>& stored, const CountingRules& rules,
                            const std::map<BusinessDay, std::uint64_t>* erased) {
  PreferenceHistory history = derive_preference(days, rules.preference);
  VersionSum version;
  for (const UserDayCounts& counts : days) version.add(counts.version);
  if (erased != nullptr) add_days_gone(version, *erased, days, rules.generation);
  PreferenceUpdate update{.user_id = std::move(user_id), .bucket = bucket};
  update.other_types = types_except(Standing::of(history.current), days, stored);
  update.changes = changes_from(recounted, days, history.changes);
  update.version = version.under(rules.generation);
  update.current = std::move(history.current);
  if (update.current) update.current->version = update.version;
  return update;
}

}  // namespace konomi::aggregate
