#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/ids.h"
#include "ports/cursor.h"
#include "ports/preference_store.h"

#include <memory>
#include <optional>
#include <vector>

namespace konomi::api {

// The users of one segment over all buckets, ascending by the bytes of their ids: a k-way merge of
// the buckets' cursors.
//
//   bucket 0: u3 u7 …  ┐
//   bucket 1: u1 u9 …  ├→ u1 u3 u4 u7 u9 …
//   bucket 2: u4    …  ┘
//
// Memory: `rows_per_fetch` rows of each bucket. Used by one thread; the store outlives it.
class MergedSegment {
 public:
  // Begins after `after`, or at the start. Errors are the store's.
  static Result<MergedSegment> open(PreferenceStore& preferences, const MenuType& type,
                                    BucketCount buckets, const std::optional<UserId>& after,
                                    std::size_t rows_per_fetch);

  // The next user, valid until the next call; null at the end. After an error the merge is of no
  // more use.
  Result<const UserPreference*> next();

 private:
  struct Source {
    std::unique_ptr<Cursor<UserPreference>> cursor;
    std::vector<UserPreference> rows;
    std::size_t next_row = 0;
  };

  static bool comes_later(const Source& a, const Source& b);

  explicit MergedSegment(std::size_t rows_per_fetch) : rows_per_fetch_(rows_per_fetch) {}

  // Puts the source back into the heap if it has another row.
  Result<void> push(Source source);

  std::size_t rows_per_fetch_;
  std::vector<Source> heap_;     // Each with a row to give; the smallest user id is in front.
  std::optional<Source> given_;  // The source of the row that was given last.
};

}  // namespace konomi::api
