#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/ids.h"
#include "ports/merged_cursor.h"
#include "ports/preference_store.h"

#include <cstddef>
#include <optional>

namespace konomi::api {

struct ByUserId {
  bool operator()(const UserPreference& a, const UserPreference& b) const {
    return a.user_id < b.user_id;
  }
};

// The users of one segment over all buckets, ascending by the bytes of their ids. Memory:
// `rows_per_fetch` rows of each bucket. Used by one thread; the store outlives it.
class MergedSegment {
 public:
  // Begins after `after`, or at the start. Errors are the store's.
  static Result<MergedSegment> open(PreferenceStore& preferences, const MenuType& type,
                                    BucketCount buckets, const std::optional<UserId>& after,
                                    std::size_t rows_per_fetch);

  // As of a MergedCursor.
  Result<const UserPreference*> next() { return rows_.next(); }

 private:
  explicit MergedSegment(std::size_t rows_per_fetch) : rows_(rows_per_fetch) {}

  MergedCursor<UserPreference, ByUserId> rows_;
};

}  // namespace konomi::api
