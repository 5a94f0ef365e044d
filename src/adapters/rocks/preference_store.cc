#include "adapters/rocks/preference_store.h"

#include "adapters/rocks/keys.h"
#include "adapters/rocks/row_cursor.h"
#include "adapters/rocks/stores.h"
#include "encoding/values.h"

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace konomi::rocks {
namespace {

std::string segment_prefix(const MenuType& type, Bucket bucket) {
  return KeyWriter().text(type.value()).bucket(bucket).take();
}

std::string changes_prefix(BusinessDay day, Bucket bucket) {
  return KeyWriter().bucket(bucket).day(day).take();
}

Result<void> check_update(const PreferenceUpdate& update) {
  KONOMI_CHECK_OK(check_key_text("user_id", update.user_id.value()));
  if (!update.current) return {};
  return check_key_text("menu_type", update.current->menu_type.value());
}

// Segment row and preference of one user.
Result<void> put_preference(const PreferenceUpdate& update,
                            const std::optional<std::string>& stored, RowBatch& rows) {
  std::optional<Preference> previous;
  if (stored) {
    KONOMI_TRY(previous, encoding::decode_preference(*stored));
  }
  if (previous == update.current) return {};

  const std::string& user_id = update.user_id.value();
  const Standing from = Standing::of(previous);
  const Standing to = Standing::of(update.current);
  if (from.is_type() && from != to)
    rows.remove(kUserPreferences, segment_prefix(from.menu_type(), update.bucket) + user_id);
  if (!update.current) {
    rows.remove(kPreferenceByUser, user_id);
    return {};
  }
  const std::string value = encoding::encode_preference(*update.current);
  if (to.is_type())
    rows.put(kUserPreferences, segment_prefix(to.menu_type(), update.bucket) + user_id, value);
  rows.put(kPreferenceByUser, user_id, value);
  return {};
}

void put_change(const PreferenceChange& change, const std::string& key,
                const std::optional<std::string>& stored, RowBatch& rows) {
  if (change.from == change.to) {
    if (stored) rows.remove(kPreferenceChanges, key);
    return;
  }
  std::string value = encoding::encode_change(change);
  if (stored != value) rows.put(kPreferenceChanges, key, value);
}

}  // namespace

Result<void> RocksPreferenceStore::put_counts(const std::vector<UserCountsRow>& rows) {
  KONOMI_TRY(RowBatch batch, RowBatch::begin(database_));
  for (const UserCountsRow& row : rows) {
    KONOMI_CHECK_OK(check_key_text("user_id", row.user_id.value()));
    batch.put(kUserOrderCounts, KeyWriter().text(row.user_id.value()).day(row.counts.day).take(),
              encoding::encode_user_counts(row.counts));
  }
  return batch.commit(Durability::written_through);
}

Result<std::vector<std::vector<UserDayCounts>>> RocksPreferenceStore::counts_of(
    std::span<const UserId> users) {
  std::vector<std::vector<UserDayCounts>> counts;
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kUserOrderCounts, ""));
  for (const UserId& user_id : users) {
    std::vector<UserDayCounts>& days = counts.emplace_back();
    // One iterator for all users: making one costs more than moving it.
    walk.restart(KeyWriter().text(user_id.value()).take());
    while (true) {
      KONOMI_TRY(const bool found, walk.advance());
      if (!found) break;
      KONOMI_TRY(const BusinessDay day, KeyReader(walk.key_rest()).day());
      KONOMI_TRY(UserDayCounts of_day, encoding::decode_user_counts(walk.value()));
      of_day.day = day;
      days.push_back(std::move(of_day));
    }
  }
  return counts;
}

Result<void> RocksPreferenceStore::put_preferences(const std::vector<PreferenceUpdate>& updates) {
  // What a second update of one user must be compared with is what the first one wrote.
  const std::span<const PreferenceUpdate> all(updates);
  std::unordered_set<std::string_view> users;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    KONOMI_CHECK_OK(check_update(all[i]));
    if (users.insert(all[i].user_id.value()).second) continue;
    KONOMI_CHECK_OK(put_distinct(all.subspan(begin, i - begin)));
    users = {all[i].user_id.value()};
    begin = i;
  }
  return put_distinct(all.subspan(begin));
}

Result<void> RocksPreferenceStore::put_distinct(std::span<const PreferenceUpdate> updates) {
  std::vector<std::string> user_keys;
  std::vector<std::string> change_keys;
  for (const PreferenceUpdate& update : updates) {
    user_keys.push_back(update.user_id.value());
    for (const PreferenceChange& change : update.changes) {
      change_keys.push_back(changes_prefix(change.day, update.bucket) + update.user_id.value());
    }
  }
  KONOMI_TRY(const auto stored_preferences, read_rows(database_, kPreferenceByUser, user_keys));
  KONOMI_TRY(const auto stored_changes, read_rows(database_, kPreferenceChanges, change_keys));

  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  std::size_t at_change = 0;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    KONOMI_CHECK_OK(put_preference(updates[i], stored_preferences[i], rows));
    for (const PreferenceChange& change : updates[i].changes) {
      put_change(change, change_keys[at_change], stored_changes[at_change], rows);
      ++at_change;
    }
  }
  return rows.commit(Durability::written_through);
}

Result<void> RocksPreferenceStore::remove_strays(const StrayRows& rows, Version /*version*/) {
  KONOMI_TRY(RowBatch batch, RowBatch::begin(database_));
  for (const auto& [type, bucket, user_id] : rows.members)
    batch.remove(kUserPreferences, segment_prefix(type, bucket) + user_id.value());
  for (const auto& [day, bucket, user_id] : rows.changes)
    batch.remove(kPreferenceChanges, changes_prefix(day, bucket) + user_id.value());
  for (const auto& [user_id, day] : rows.counts)
    batch.remove(kUserOrderCounts, KeyWriter().text(user_id.value()).day(day).take());
  for (const UserId& user_id : rows.preferences) batch.remove(kPreferenceByUser, user_id.value());
  return batch.commit(Durability::written_through);
}

Result<void> RocksPreferenceStore::erase(const ErasedUser& user) {
  KONOMI_TRY(RowBatch batch, RowBatch::begin(database_));
  const std::string& user_id = user.user_id.value();
  for (const MenuType& type : user.types)
    batch.remove(kUserPreferences, segment_prefix(type, user.bucket) + user_id);
  for (const auto& [day, version] : user.days) {
    batch.remove(kPreferenceChanges, changes_prefix(day, user.bucket) + user_id);
    batch.remove(kUserOrderCounts, KeyWriter().text(user_id).day(day).take());
  }
  batch.remove(kPreferenceByUser, user_id);
  return batch.commit(Durability::synced);
}

Result<std::vector<std::optional<Preference>>> RocksPreferenceStore::preferences_of(
    std::span<const UserId> users) {
  std::vector<std::string> keys;
  for (const UserId& user_id : users) keys.push_back(user_id.value());
  KONOMI_TRY(const auto values, read_rows(database_, kPreferenceByUser, keys));
  std::vector<std::optional<Preference>> preferences;
  for (const auto& value : values) {
    std::optional<Preference>& preference = preferences.emplace_back();
    if (value) {
      KONOMI_TRY(preference, encoding::decode_preference(*value));
    }
  }
  return preferences;
}

Result<std::unique_ptr<Cursor<UserPreference>>> RocksPreferenceStore::segment(
    const MenuType& type, Bucket bucket, const std::optional<UserId>& after) {
  const std::string prefix = segment_prefix(type, bucket);
  std::optional<std::string> after_key;
  if (after) after_key = prefix + after->value();
  return make_cursor<UserPreference>(
      RowWalk::begin(database_, kUserPreferences, prefix, std::move(after_key)),
      [](std::string_view key_rest, std::string_view value) -> Result<UserPreference> {
        KONOMI_TRY(Preference preference, encoding::decode_preference(value));
        return UserPreference{.user_id = UserId(std::string(key_rest)),
                              .preference = std::move(preference)};
      });
}

Result<std::unique_ptr<Cursor<UserChange>>> RocksPreferenceStore::changes(BusinessDay day,
                                                                          Bucket bucket) {
  return make_cursor<UserChange>(
      RowWalk::begin(database_, kPreferenceChanges, changes_prefix(day, bucket)),
      [day](std::string_view key_rest, std::string_view value) -> Result<UserChange> {
        KONOMI_TRY(PreferenceChange change, encoding::decode_change(value));
        change.day = day;
        return UserChange{.user_id = UserId(std::string(key_rest)), .change = std::move(change)};
      });
}

}  // namespace konomi::rocks
