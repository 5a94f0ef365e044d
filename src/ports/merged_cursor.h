#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "ports/cursor.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace konomi {

// The rows of many cursors in one order: a k-way merge.
//
//   cursor 0: u3 u7 …  ┐
//   cursor 1: u1 u9 …  ├→ u1 u3 u4 u7 u9 …
//   cursor 2: u4    …  ┘
//
// `Before` says which of two rows comes first; each cursor's rows are ascending by it. Memory:
// `rows_per_fetch` rows of each cursor. Used by one thread.
template <class T, class Before>
class MergedCursor {
 public:
  explicit MergedCursor(std::size_t rows_per_fetch) : rows_per_fetch_(rows_per_fetch) {}

  // Before the first next(). Errors are the cursor's.
  Result<void> add(std::unique_ptr<Cursor<T>> cursor) {
    return push(Source{.cursor = std::move(cursor), .rows = {}, .next_row = 0});
  }

  // Adds the cursor that `open` gives for each bucket, with its errors.
  template <class Open>
  Result<void> add_each(const std::vector<Bucket>& buckets, Open open) {
    for (const Bucket bucket : buckets) {
      KONOMI_TRY(auto cursor, open(bucket));
      KONOMI_CHECK_OK(add(std::move(cursor)));
    }
    return {};
  }

  // The next row, valid until the next call; null at the end. After an error the merge is of no
  // more use.
  Result<const T*> next() {
    if (given_) {
      Source source = *std::exchange(given_, std::nullopt);
      ++source.next_row;
      KONOMI_CHECK_OK(push(std::move(source)));
    }
    if (heap_.empty()) return nullptr;
    std::ranges::pop_heap(heap_, &comes_later);
    given_ = std::move(heap_.back());
    heap_.pop_back();
    return &given_->rows[given_->next_row];
  }

 private:
  struct Source {
    std::unique_ptr<Cursor<T>> cursor;
    std::vector<T> rows;
    std::size_t next_row = 0;
  };

  static bool comes_later(const Source& a, const Source& b) {
    return Before()(b.rows[b.next_row], a.rows[a.next_row]);
  }

  // Puts the source back into the heap if it has another row.
  Result<void> push(Source source) {
    if (source.next_row == source.rows.size()) {
      KONOMI_CHECK_OK(source.cursor->next(source.rows, rows_per_fetch_));
      source.next_row = 0;
      if (source.rows.empty()) return {};
    }
    heap_.push_back(std::move(source));
    std::ranges::push_heap(heap_, &comes_later);
    return {};
  }

  std::size_t rows_per_fetch_;
  std::vector<Source> heap_;     // Each with a row to give; the first of them is in front.
  std::optional<Source> given_;  // The source of the row that was given last.
};

}  // namespace konomi
