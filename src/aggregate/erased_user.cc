#include "aggregate/erased_user.h"

#include <algorithm>
#include <array>
#include <utility>

namespace konomi::aggregate {
namespace {

constexpr std::size_t kRowsPerRead = 1'000;

struct Found {
  std::vector<UserDayCounts> counts;
  std::optional<Preference> preference;
};

Result<Found> find_rows(PreferenceStore& preferences, const UserId& user_id) {
  const std::array<UserId, 1> users = {user_id};
  Found found;
  KONOMI_TRY(auto counts, preferences.counts_of(users));
  KONOMI_TRY(auto stored, preferences.preferences_of(users));
  found.counts = std::move(counts.front());
  found.preference = std::move(stored.front());
  return found;
}

// The segments that the user may be in: those of every type ever ordered and of the preference.
std::vector<MenuType> types_in(const Found& found) {
  std::set<MenuType> types;
  for (const UserDayCounts& of_day : found.counts) {
    for (const TypeCount& count : of_day.counts) types.insert(count.menu_type);
  }
  if (found.preference) types.insert(found.preference->menu_type);
  return {types.begin(), types.end()};
}

// Adds days that have counts but no orders, because raw orders have a retention.
Result<void> add_outlived(OrderStore& orders, const Found& found, Erasure& erasure) {
  for (const UserDayCounts& of_day : found.counts) {
    if (erasure.days.contains(of_day.day)) continue;
    KONOMI_TRY(const auto left,
               orders.orders_of(erasure.user_id, erasure.bucket, of_day.day, std::nullopt, 1));
    if (!left.empty()) continue;
    erasure.days.emplace(of_day.day, (of_day.version.value() & kVersionSumMax) + 1);
  }
  return {};
}

Result<std::uint64_t> count_changes(PreferenceStore& preferences, const Erasure& erasure) {
  std::uint64_t changes = 0;
  std::vector<UserChange> rows;
  for (const auto& [day, version] : erasure.days) {
    KONOMI_TRY(const auto cursor, preferences.changes(day, erasure.bucket));
    while (true) {
      KONOMI_CHECK_OK(cursor->next(rows, kRowsPerRead));
      if (rows.empty()) break;
      for (const UserChange& row : rows) {
        if (row.user_id == erasure.user_id && row.change.from != row.change.to) ++changes;
      }
    }
  }
  return changes;
}

// Notes the highest number that any attempt found: an earlier one may have removed some rows.
Result<void> note_rows(PreferenceStore& preferences, const Found& found, Erasure& erasure) {
  std::uint64_t days = 0;
  for (const UserDayCounts& of_day : found.counts) {
    if (!of_day.counts.empty() && erasure.days.contains(of_day.day)) ++days;
  }
  if (days == 0) return {};
  ErasedRows& removed = erasure.removed;
  removed.days_with_counts = std::max(removed.days_with_counts, days);
  if (found.preference) {
    removed.preferences = 1;
    if (!found.preference->undecided) removed.segment_rows = 1;
  }
  KONOMI_TRY(const std::uint64_t changes, count_changes(preferences, erasure));
  removed.changes = std::max(removed.changes, changes);
  return {};
}

}  // namespace

Result<std::set<BusinessDay>> erase_user(OrderStore& orders, PreferenceStore& preferences,
                                         std::vector<Erasure>& erasures, std::size_t index,
                                         Generation generation) {
  Erasure& erasure = erasures[index];
  KONOMI_TRY(const Found found, find_rows(preferences, erasure.user_id));
  KONOMI_CHECK_OK(add_outlived(orders, found, erasure));
  KONOMI_CHECK_OK(note_rows(preferences, found, erasure));
  KONOMI_CHECK_OK(orders.put_erasure(erasure));

  ErasedUser user{.user_id = erasure.user_id,
                  .bucket = erasure.bucket,
                  .types = types_in(found),
                  .days = {},
                  .version = {}};
  VersionSum version;
  const ErasedVersions erased(erasures);
  for (const auto& [day, lost] : *erased.of_user(erasure.user_id)) {
    VersionSum of_day;
    of_day.add(lost);
    version.add(of_day.under(generation));
    if (erasure.days.contains(day)) user.days.emplace(day, of_day.under(generation));
  }
  user.version = version.under(generation);
  KONOMI_CHECK_OK(preferences.erase(user));

  std::set<BusinessDay> days;
  for (const auto& [day, lost] : erasure.days) days.insert(day);
  for (const UserDayCounts& of_day : found.counts) days.insert(of_day.day);
  return days;
}

}  // namespace konomi::aggregate
