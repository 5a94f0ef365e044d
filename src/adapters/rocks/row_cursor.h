#pragma once

#include "adapters/rocks/database.h"
#include "adapters/rocks/keys.h"
#include "adapters/rocks/status.h"
#include "adapters/rocks/stores.h"
#include "ports/cursor.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::rocks {

// Walks over the rows whose keys begin with a prefix, as they were at one moment. It can let go of
// that moment, and then goes on behind the last row it read.
class RowWalk {
 public:
  // Begins behind the key `after`, when it is given. `database` outlives the walk.
  static Result<RowWalk> begin(Database& database, StoreFamily family, std::string prefix,
                               std::optional<std::string> after = std::nullopt) {
    RowWalk walk(database, family, std::move(prefix), std::move(after));
    KONOMI_CHECK_OK(walk.hold());
    return walk;
  }

  // Moves to the next row, the first one at first. False at the end.
  Result<bool> advance() {
    if (rows_ == nullptr) {
      KONOMI_CHECK_OK(hold());
    } else if (is_on_row_) {
      rows_->Next();
    }
    is_on_row_ = rows_->Valid() && rows_->key().starts_with(prefix_);
    if (is_on_row_) {
      has_last_key_ = true;
      last_key_.assign(rows_->key().data(), rows_->key().size());
      return true;
    }
    if (rows_->status().ok()) return false;
    Error error = error_of(rows_->status(), fmt::format("cannot read {}", database_->path()));
    rows_.reset();
    return std::unexpected(std::move(error));
  }

  // Lets go of a database that must be opened again; the next advance() takes up the new one.
  void let_go_if_broken() {
    if (open_ == nullptr || !open_->is_broken()) return;
    rows_.reset();
    open_.reset();
  }

  // Begins anew with another prefix, at the same moment. The walk must have begun with the prefix
  // "": an iterator's bound is fixed.
  void restart(std::string prefix) {
    prefix_ = std::move(prefix);
    has_last_key_ = false;
    is_on_row_ = false;
    if (rows_ != nullptr) rows_->Seek(prefix_);
  }

  // Of the row moved to: the key without the prefix, and the value.
  std::string_view key_rest() const { return rows_->key().ToStringView().substr(prefix_.size()); }
  std::string_view value() const { return rows_->value().ToStringView(); }

 private:
  RowWalk(Database& database, StoreFamily family, std::string prefix,
          std::optional<std::string> after)
      : database_(&database),
        family_(family),
        prefix_(std::move(prefix)),
        last_key_(after.value_or("")),
        has_last_key_(after.has_value()) {}

  // Makes an iterator that stands on the first row behind last_key_.
  Result<void> hold() {
    rows_.reset();
    open_.reset();
    KONOMI_TRY(open_, database_->readable());
    if (const auto end = end_of_prefix(prefix_)) {
      // The iterator keeps a pointer to the bound: both live on the heap and move together.
      bound_ = std::make_unique<Bound>(*end);
    }
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = bound_ == nullptr ? nullptr : &bound_->slice;
    rows_.reset(open_->db().NewIterator(options, open_->family(family_)));
    is_on_row_ = false;
    // Behind the last key comes first what the zero byte makes of it.
    rows_->Seek(has_last_key_ ? last_key_ + '\0' : prefix_);
    return {};
  }

  struct Bound {
    explicit Bound(std::string text) : key(std::move(text)), slice(key) {}
    const std::string key;
    const rocksdb::Slice slice;
  };

  Database* database_;
  StoreFamily family_;
  std::string prefix_;
  std::string last_key_;
  bool has_last_key_ = false;
  bool is_on_row_ = false;
  std::unique_ptr<Bound> bound_;
  std::shared_ptr<const OpenDatabase> open_;
  std::unique_ptr<rocksdb::Iterator> rows_;  // Before open_ and bound_ at the end.
};

// A walk whose rows `decode` makes into values of a port: Result<T>(key_rest, value).
template <class T, class Decode>
class RowCursor final : public Cursor<T> {
 public:
  RowCursor(RowWalk walk, Decode decode) : walk_(std::move(walk)), decode_(std::move(decode)) {}

  Result<void> next(std::vector<T>& rows, std::size_t rows_max) override {
    Result<void> read = read_page(rows, rows_max);
    // Its owner may take long until the next page.
    walk_.let_go_if_broken();
    return read;
  }

 private:
  Result<void> read_page(std::vector<T>& rows, std::size_t rows_max) {
    rows.clear();
    while (rows.size() < rows_max && !is_at_end_) {
      if (damage_) return rows.empty() ? Result<void>(std::unexpected(*damage_)) : Result<void>();
      Result<bool> found = walk_.advance();
      // The rows before a failure are handed out; the next call meets it again.
      if (!found && !rows.empty()) return {};
      if (!found) return std::unexpected(std::move(found).error());
      is_at_end_ = !*found;
      if (is_at_end_) break;
      Result<T> row = decode_(walk_.key_rest(), walk_.value());
      if (row) {
        rows.push_back(*std::move(row));
      } else {
        damage_ = std::move(row).error();
      }
    }
    return {};
  }

  RowWalk walk_;
  const Decode decode_;
  bool is_at_end_ = false;
  std::optional<Error> damage_;  // Ends the cursor: no row behind it is handed out.
};

template <class T, class Decode>
Result<std::unique_ptr<Cursor<T>>> make_cursor(Result<RowWalk> walk, Decode decode) {
  if (!walk) return std::unexpected(std::move(walk).error());
  return std::unique_ptr<Cursor<T>>(
      std::make_unique<RowCursor<T, Decode>>(*std::move(walk), std::move(decode)));
}

}  // namespace konomi::rocks
