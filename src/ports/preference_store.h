#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/ids.h"
#include "domain/preference.h"
#include "ports/cursor.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace konomi {

struct UserCountsRow {
  UserId user_id;
  UserDayCounts counts;
};

struct UserPreference {
  UserId user_id;
  Preference preference;

  friend bool operator==(const UserPreference&, const UserPreference&) = default;
};

// What a recount found out about one user.
struct PreferenceUpdate {
  UserId user_id;
  Bucket bucket;
  std::optional<Preference> current;  // Nothing: the user is in no segment any more.
  std::vector<MenuType> other_types;  // Every other type the user ever ordered: the user is in none
                                      // of their segments.
  // One row for each of the user's days from the recounted one on: the change of that day, or from
  // == to for "no change", which replaces a change that was there and is otherwise nothing.
  std::vector<PreferenceChange> changes;
  Version version;  // The sum of the versions of the user's days, also when `current` is nothing.
};

struct UserChange {
  UserId user_id;
  PreferenceChange change;
  Version version;  // The version of the update; 0 from an engine with one writer.

  friend bool operator==(const UserChange&, const UserChange&) = default;
};

// Rows that no order stands behind, so that no count would ever replace them.
struct StrayRows {
  struct Member {
    MenuType menu_type;
    Bucket bucket;
    UserId user_id;
  };
  struct Change {
    BusinessDay day;
    Bucket bucket;
    UserId user_id;
  };
  struct Counts {
    UserId user_id;
    BusinessDay day;
  };

  std::vector<Member> members;
  std::vector<Change> changes;
  std::vector<Counts> counts;
  std::vector<UserId> preferences;
};

// Everything that is derived from an erased user's orders.
struct ErasedUser {
  UserId user_id;
  Bucket bucket;
  std::vector<MenuType> types;          // In whose segments the user may be.
  std::map<BusinessDay, Version> days;  // With counts or changes, each with its counts' version.
  Version version;                      // The version of preference and changes.
};

// What users ordered and prefer. Blocking; safe from every thread; one thread writes a bucket's
// users at a time.
class PreferenceStore {
 public:
  virtual ~PreferenceStore() = default;

  // Replaces each row's (user, day).
  virtual Result<void> put_counts(const std::vector<UserCountsRow>& rows) = 0;

  // All days of each user, ascending; an empty vector for an unknown user. In the order asked for.
  virtual Result<std::vector<std::vector<UserDayCounts>>> counts_of(
      std::span<const UserId> users) = 0;

  // In this order (embedded: one atomic write): segment row → removal from the other types'
  // segments → changes → preference by user, which is therefore never newer than its changes. Doing
  // it again changes nothing.
  virtual Result<void> put_preferences(const std::vector<PreferenceUpdate>& updates) = 0;

  // Takes these rows away, or makes them say nothing, unless they have a higher version (an engine
  // with one writer need not compare). Doing it again changes nothing.
  virtual Result<void> remove_strays(const StrayRows& rows, Version version) = 0;

  // Removes the user's rows, in this order: segments, changes, preference, counts; and leaves those
  // with a higher version (an engine with one writer need not compare). Doing it again changes
  // nothing.
  virtual Result<void> erase(const ErasedUser& user) = 0;

  // One for each user, in the order asked for; nothing for a user without a placed order.
  virtual Result<std::vector<std::optional<Preference>>> preferences_of(
      std::span<const UserId> users) = 0;

  // The users of one segment within a bucket, ascending by user id, those after `after` when it is
  // given.
  virtual Result<std::unique_ptr<Cursor<UserPreference>>> segment(
      const MenuType& type, Bucket bucket, const std::optional<UserId>& after) = 0;

  // The changes of one (day, bucket), ascending by user id; "no change" rows may be among them.
  virtual Result<std::unique_ptr<Cursor<UserChange>>> changes(BusinessDay day, Bucket bucket) = 0;
};

}  // namespace konomi
