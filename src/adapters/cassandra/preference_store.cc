#include "adapters/cassandra/preference_store.h"

#include "adapters/cassandra/page_cursor.h"
#include "adapters/cassandra/statement_table.h"
#include "base/bytes.h"
#include "encoding/values.h"

#include <string>
#include <utility>

namespace konomi::cassandra {
namespace {

constexpr std::uint32_t kUserDaysPerPage = 1000;
constexpr std::uint32_t kChangesPerPage = 4000;
// A list of a whole segment has a cursor open in every bucket.
constexpr std::uint32_t kUsersPerPage = 500;

std::string segment_key(const MenuType& type, Bucket bucket) {
  std::string key;
  append_u32(key, bucket.value());
  return key + type.value();
}

std::string changes_key(BusinessDay day, Bucket bucket) {
  std::string key;
  append_u32(key, bucket.value());
  append_u32(key, static_cast<std::uint32_t>(day.days_since_1970()));
  return key;
}

Result<UserPreference> decode_member(RowReader& row) {
  KONOMI_TRY(const std::string_view user_id, row.bytes());
  KONOMI_TRY(const std::string_view value, row.bytes());
  KONOMI_TRY(Preference preference, encoding::decode_preference(value));
  return UserPreference{.user_id = UserId(std::string(user_id)),
                        .preference = std::move(preference)};
}

}  // namespace

Result<std::unique_ptr<CassandraPreferenceStore>> CassandraPreferenceStore::open(
    Session& session, std::string_view keyspace) {
  static constexpr StatementRow<Statements> kTable[] = {
      {&Statements::put_counts,
       "INSERT INTO {}.user_order_counts (user_id, order_date, value) VALUES (?, ?, ?) USING "
       "TIMESTAMP ?"},
      {&Statements::counts_of,
       "SELECT order_date, value FROM {}.user_order_counts WHERE user_id = ?", kUserDaysPerPage},
      {&Statements::put_segment,
       "INSERT INTO {}.user_preferences (menu_type, bucket, user_id, value) VALUES (?, ?, ?, ?) "
       "USING TIMESTAMP ?"},
      {&Statements::leave_segment,
       "DELETE FROM {}.user_preferences USING TIMESTAMP ? WHERE menu_type = ? AND bucket = ? AND "
       "user_id = ?"},
      {&Statements::put_change,
       "INSERT INTO {}.preference_changes (order_date, bucket, user_id, value) VALUES (?, ?, ?, ?) "
       "USING TIMESTAMP ?"},
      {&Statements::put_preference,
       "INSERT INTO {}.preference_by_user (user_id, value) VALUES (?, ?) USING TIMESTAMP ?"},
      {&Statements::preference_of, "SELECT value FROM {}.preference_by_user WHERE user_id = ?",
       kUserDaysPerPage},
      {&Statements::segment,
       "SELECT user_id, value FROM {}.user_preferences WHERE menu_type = ? AND bucket = ? AND "
       "user_id > ?",
       kUsersPerPage},
      {&Statements::changes,
       "SELECT user_id, value, writetime(value) FROM {}.preference_changes WHERE order_date = ? "
       "AND bucket = ?",
       kChangesPerPage},
      {&Statements::remove_change,
       "DELETE FROM {}.preference_changes USING TIMESTAMP ? WHERE order_date = ? AND bucket = ? "
       "AND user_id = ?"},
      {&Statements::remove_preference,
       "DELETE FROM {}.preference_by_user USING TIMESTAMP ? WHERE user_id = ?"},
      {&Statements::remove_counts,
       "DELETE FROM {}.user_order_counts USING TIMESTAMP ? WHERE user_id = ? AND order_date = ?"},
  };
  KONOMI_TRY(Statements statements, prepare_all(session, keyspace, kTable));
  return std::unique_ptr<CassandraPreferenceStore>(
      new CassandraPreferenceStore(session, std::move(statements)));
}

Result<void> CassandraPreferenceStore::put_counts(const std::vector<UserCountsRow>& rows) {
  Requests requests;
  for (const UserCountsRow& row : rows)
    requests.add(statements_.put_counts)
        .bytes(row.user_id.value())
        .date(row.counts.day)
        .bytes(encoding::encode_user_counts(row.counts))
        .bigint(timestamp_of(row.counts.version));
  return session_.write(requests);
}

Result<std::vector<std::vector<UserDayCounts>>> CassandraPreferenceStore::counts_of(
    std::span<const UserId> users) {
  Requests requests;
  for (const UserId& user_id : users) requests.add(statements_.counts_of).bytes(user_id.value());
  std::vector<std::vector<UserDayCounts>> counts(users.size());
  const auto take = [&](std::size_t index, RowReader& row) -> Result<void> {
    KONOMI_TRY(const BusinessDay day, row.date());
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(UserDayCounts of_day, encoding::decode_user_counts(value));
    of_day.day = day;
    counts[index].push_back(std::move(of_day));
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return counts;
}

Result<void> CassandraPreferenceStore::put_preferences(
    const std::vector<PreferenceUpdate>& updates) {
  KONOMI_CHECK_OK(put_segments(updates));
  KONOMI_CHECK_OK(leave_segments(updates));
  KONOMI_CHECK_OK(put_changes(updates));
  return put_by_user(updates);
}

Result<void> CassandraPreferenceStore::put_segments(const std::vector<PreferenceUpdate>& updates) {
  PartitionedWrites writes;
  for (const PreferenceUpdate& update : updates) {
    if (!Standing::of(update.current).is_type()) continue;
    const MenuType& type = update.current->menu_type;
    writes.add(statements_.put_segment, segment_key(type, update.bucket))
        .bytes(type.value())
        .bucket(update.bucket)
        .bytes(update.user_id.value())
        .bytes(encoding::encode_preference(*update.current))
        .bigint(timestamp_of(update.version));
  }
  return session_.write(writes.batches());
}

Result<void> CassandraPreferenceStore::leave_segments(
    const std::vector<PreferenceUpdate>& updates) {
  PartitionedWrites writes;
  for (const PreferenceUpdate& update : updates) {
    const auto leave = [&](const MenuType& type) {
      writes.add(statements_.leave_segment, segment_key(type, update.bucket))
          .bigint(timestamp_of(update.version))
          .bytes(type.value())
          .bucket(update.bucket)
          .bytes(update.user_id.value());
    };
    if (update.current && update.current->undecided) leave(update.current->menu_type);
    for (const MenuType& type : update.other_types) leave(type);
  }
  return session_.write(writes.batches());
}

Result<void> CassandraPreferenceStore::put_changes(const std::vector<PreferenceUpdate>& updates) {
  PartitionedWrites writes;
  for (const PreferenceUpdate& update : updates) {
    for (const PreferenceChange& change : update.changes)
      writes.add(statements_.put_change, changes_key(change.day, update.bucket))
          .date(change.day)
          .bucket(update.bucket)
          .bytes(update.user_id.value())
          .bytes(encoding::encode_change(change))
          .bigint(timestamp_of(update.version));
  }
  return session_.write(writes.batches());
}

Result<void> CassandraPreferenceStore::remove_strays(const StrayRows& rows, Version version) {
  const std::int64_t timestamp = timestamp_of(version);
  PartitionedWrites members;
  for (const auto& [type, bucket, user_id] : rows.members) {
    members.add(statements_.leave_segment, segment_key(type, bucket))
        .bigint(timestamp)
        .bytes(type.value())
        .bucket(bucket)
        .bytes(user_id.value());
  }
  KONOMI_CHECK_OK(session_.write(members.batches()));
  // A derived row is replaced and not deleted: these say nothing from now on.
  PartitionedWrites changes;
  for (const auto& [day, bucket, user_id] : rows.changes) {
    changes.add(statements_.put_change, changes_key(day, bucket))
        .date(day)
        .bucket(bucket)
        .bytes(user_id.value())
        .bytes(encoding::encode_change({.day = day}))
        .bigint(timestamp);
  }
  KONOMI_CHECK_OK(session_.write(changes.batches()));
  Requests others;
  for (const auto& [user_id, day] : rows.counts) {
    others.add(statements_.put_counts)
        .bytes(user_id.value())
        .date(day)
        .bytes(encoding::encode_user_counts({.day = day, .version = version}))
        .bigint(timestamp);
  }
  for (const UserId& user_id : rows.preferences)
    others.add(statements_.put_preference).bytes(user_id.value()).bytes("").bigint(timestamp);
  return session_.write(others);
}

// Here derived rows are deleted, for their keys name the user. What may be written of the user
// later has a higher version than the deletion (ErasedVersions).
Result<void> CassandraPreferenceStore::erase(const ErasedUser& user) {
  const std::string_view user_id = user.user_id.value();
  const std::int64_t timestamp = timestamp_of(user.version);
  Requests segments;
  for (const MenuType& type : user.types) {
    segments.add(statements_.leave_segment)
        .bigint(timestamp)
        .bytes(type.value())
        .bucket(user.bucket)
        .bytes(user_id);
  }
  KONOMI_CHECK_OK(session_.write(segments));
  Requests changes;
  for (const auto& [day, version] : user.days) {
    changes.add(statements_.remove_change)
        .bigint(timestamp)
        .date(day)
        .bucket(user.bucket)
        .bytes(user_id);
  }
  changes.add(statements_.remove_preference).bigint(timestamp).bytes(user_id);
  KONOMI_CHECK_OK(session_.write(changes));
  Requests counts;
  for (const auto& [day, version] : user.days)
    counts.add(statements_.remove_counts).bigint(timestamp_of(version)).bytes(user_id).date(day);
  return session_.write(counts);
}

Result<void> CassandraPreferenceStore::put_by_user(const std::vector<PreferenceUpdate>& updates) {
  Requests requests;
  for (const PreferenceUpdate& update : updates)
    requests.add(statements_.put_preference)
        .bytes(update.user_id.value())
        .bytes(update.current ? encoding::encode_preference(*update.current) : std::string())
        .bigint(timestamp_of(update.version));
  return session_.write(requests);
}

Result<std::vector<std::optional<Preference>>> CassandraPreferenceStore::preferences_of(
    std::span<const UserId> users) {
  Requests requests;
  for (const UserId& user_id : users)
    requests.add(statements_.preference_of).bytes(user_id.value());
  std::vector<std::optional<Preference>> preferences(users.size());
  const auto take = [&](std::size_t index, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view value, row.bytes());
    if (value.empty()) return {};
    KONOMI_TRY(preferences[index], encoding::decode_preference(value));
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return preferences;
}

Result<std::unique_ptr<Cursor<UserPreference>>> CassandraPreferenceStore::segment(
    const MenuType& type, Bucket bucket, const std::optional<UserId>& after) {
  Requests request;
  request.add(statements_.segment)
      .bytes(type.value())
      .bucket(bucket)
      // No user id is empty: so all lie behind this one.
      .bytes(after ? after->value() : "");
  return make_cursor<UserPreference>(session_, std::move(request), decode_member);
}

Result<std::unique_ptr<Cursor<UserChange>>> CassandraPreferenceStore::changes(BusinessDay day,
                                                                              Bucket bucket) {
  Requests request;
  request.add(statements_.changes).date(day).bucket(bucket);
  return make_cursor<UserChange>(
      session_, std::move(request), [day](RowReader& row) -> Result<UserChange> {
        KONOMI_TRY(const std::string_view user_id, row.bytes());
        KONOMI_TRY(const std::string_view value, row.bytes());
        KONOMI_TRY(PreferenceChange change, encoding::decode_change(value));
        KONOMI_TRY(const std::int64_t version, row.bigint());
        change.day = day;
        return UserChange{.user_id = UserId(std::string(user_id)),
                          .change = std::move(change),
                          .version = Version(static_cast<std::uint64_t>(version))};
      });
}

}  // namespace konomi::cassandra
