#pragma once

#include "adapters/cassandra/session.h"
#include "ports/cursor.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace konomi::cassandra {

// The rows of one request, a page in hand and the next one under way. Decode:
// Result<T>(RowReader&).
template <class T, class Decode>
class PageCursor final : public Cursor<T> {
 public:
  // Begins to read. The session and the request's statement outlive the cursor.
  PageCursor(Session& session, Requests request, Decode decode)
      : session_(session), decode_(std::move(decode)), request_(std::move(request)) {
    pending_.emplace(session_.begin_read(request_));
  }

  Result<void> next(std::vector<T>& rows, std::size_t rows_max) override {
    rows.clear();
    while (rows.size() < rows_max) {
      if (damage_) return rows.empty() ? Result<void>(std::unexpected(*damage_)) : Result<void>();
      if (!rows_ || !rows_->next()) {
        if (is_at_end_) break;
        Result<void> turned = turn_page();
        if (turned) continue;
        // The rows before a failure are handed out; the next call meets it again.
        if (rows.empty()) return turned;
        break;
      }
      Result<T> row = decode_(*rows_);
      if (row) {
        rows.push_back(*std::move(row));
      } else {
        damage_ = std::move(row).error();
      }
    }
    return {};
  }

 private:
  Result<void> turn_page() {
    if (!pending_) pending_.emplace(session_.begin_read(request_));
    Result<Answers> page = pending_->wait();
    pending_.reset();
    if (!page) return std::unexpected(std::move(page).error());
    page_ = *std::move(page);
    rows_ = page_->rows(0);
    const std::string_view paging_state = page_->paging_state(0);
    is_at_end_ = paging_state.empty();
    if (is_at_end_) return {};
    Requests next_page;
    next_page.add_next_page(request_, 0, paging_state);
    request_ = std::move(next_page);
    pending_.emplace(session_.begin_read(request_));
    return {};
  }

  Session& session_;
  const Decode decode_;
  Requests request_;  // For the page that is under way or comes next.
  std::optional<PendingRead> pending_;
  std::optional<Answers> page_;
  std::optional<RowReader> rows_;  // Of page_.
  bool is_at_end_ = false;         // page_ is the last one.
  std::optional<Error> damage_;    // Ends the cursor: no row behind it is handed out.
};

template <class T, class Decode>
std::unique_ptr<Cursor<T>> make_cursor(Session& session, Requests request, Decode decode) {
  return std::make_unique<PageCursor<T, Decode>>(session, std::move(request), std::move(decode));
}

}  // namespace konomi::cassandra
