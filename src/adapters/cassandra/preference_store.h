#pragma once

#include "adapters/cassandra/session.h"
#include "ports/preference_store.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::cassandra {

// Every row is one value, written with its version as the timestamp and replaced as a whole: no
// preference is an empty value, no change one with from == to. The exception are the segments,
// which a user leaves by a delete; it has the same version as the new row, so that neither a late
// row brings the user back nor a late delete takes the user out.
//
// Nothing is read before it is written, also not to save deletes: what a slow worker may still
// write cannot be read yet.
class CassandraPreferenceStore final : public PreferenceStore {
 public:
  // The session outlives the store.
  static Result<std::unique_ptr<CassandraPreferenceStore>> open(Session& session,
                                                                std::string_view keyspace);

  Result<void> put_counts(const std::vector<UserCountsRow>& rows) override;
  Result<std::vector<std::vector<UserDayCounts>>> counts_of(std::span<const UserId> users) override;
  Result<void> put_preferences(const std::vector<PreferenceUpdate>& updates) override;
  Result<void> remove_strays(const StrayRows& rows, Version version) override;
  Result<void> erase(const ErasedUser& user) override;
  Result<std::vector<std::optional<Preference>>> preferences_of(
      std::span<const UserId> users) override;
  Result<std::unique_ptr<Cursor<UserPreference>>> segment(
      const MenuType& type, Bucket bucket, const std::optional<UserId>& after) override;
  Result<std::unique_ptr<Cursor<UserChange>>> changes(BusinessDay day, Bucket bucket) override;

 private:
  struct Statements {
    Statement put_counts;
    Statement counts_of;
    Statement put_segment;
    Statement leave_segment;
    Statement put_change;
    Statement put_preference;
    Statement preference_of;
    Statement segment;
    Statement changes;
    Statement remove_change;
    Statement remove_preference;
    Statement remove_counts;
  };

  CassandraPreferenceStore(Session& session, Statements statements)
      : session_(session), statements_(std::move(statements)) {}

  Result<void> put_segments(const std::vector<PreferenceUpdate>& updates);
  Result<void> leave_segments(const std::vector<PreferenceUpdate>& updates);
  Result<void> put_changes(const std::vector<PreferenceUpdate>& updates);
  Result<void> put_by_user(const std::vector<PreferenceUpdate>& updates);

  Session& session_;
  const Statements statements_;
};

}  // namespace konomi::cassandra
