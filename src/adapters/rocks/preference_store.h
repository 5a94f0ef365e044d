#pragma once

#include "adapters/rocks/database.h"
#include "ports/preference_store.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace konomi::rocks {

// put_preferences() writes only what differs. A user's segment row, changes and preference are
// always written together, so the stored preference tells exactly which segment row there is: the
// other types need no removal.
class RocksPreferenceStore final : public PreferenceStore {
 public:
  explicit RocksPreferenceStore(Database& database) : database_(database) {}

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
  Result<void> put_distinct(std::span<const PreferenceUpdate> updates);

  Database& database_;
};

}  // namespace konomi::rocks
