#include "adapters/rocks/stores.h"

#include "adapters/rocks/status.h"

#include <fmt/format.h>

namespace konomi::rocks {

std::vector<Database::Family> store_families(const rocksdb::ColumnFamilyOptions& options) {
  std::vector<Database::Family> families;
  // In the order of StoreFamily.
  for (const std::string_view name :
       {std::string_view(rocksdb::kDefaultColumnFamilyName), std::string_view("orders"),
        std::string_view("day_marks"), std::string_view("user_order_counts"),
        std::string_view("bucket_summaries"), std::string_view("bucket_moves"),
        std::string_view("days"), std::string_view("user_preferences"),
        std::string_view("preference_by_user"), std::string_view("preference_changes"),
        std::string_view("menu_types"), std::string_view("dead_letters"),
        std::string_view("erasures")}) {
    families.push_back({.name = std::string(name), .options = options});
  }
  return families;
}

Result<std::optional<std::string>> read_row(Database& database, StoreFamily family,
                                            std::string_view key) {
  KONOMI_TRY(const auto open, database.readable());
  std::string value;
  const rocksdb::Status status =
      open->db().Get(rocksdb::ReadOptions(), open->family(family), key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok())
    return std::unexpected(error_of(status, fmt::format("cannot read {}", database.path())));
  return std::optional(std::move(value));
}

Result<std::vector<std::optional<std::string>>> read_rows(Database& database, StoreFamily family,
                                                          std::span<const std::string> keys) {
  std::vector<std::optional<std::string>> rows(keys.size());
  if (keys.empty()) return rows;
  KONOMI_TRY(const auto open, database.readable());
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  open->db().MultiGet(rocksdb::ReadOptions(), open->family(family), keys.size(), slices.data(),
                      values.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      rows[i] = values[i].ToString();
    } else if (!statuses[i].IsNotFound()) {
      return std::unexpected(error_of(statuses[i], fmt::format("cannot read {}", database.path())));
    }
  }
  return rows;
}

Result<RowBatch> RowBatch::begin(Database& database) {
  KONOMI_TRY(auto open, database.writable());
  return RowBatch(std::move(open));
}

void RowBatch::put(StoreFamily family, std::string_view key, std::string_view value) {
  batch_.Put(open_->family(family), key, value);
}

void RowBatch::remove(StoreFamily family, std::string_view key) {
  batch_.Delete(open_->family(family), key);
}

void RowBatch::remove_all(StoreFamily family, std::string_view begin, std::string_view end) {
  batch_.DeleteRange(open_->family(family), begin, end);
}

Result<void> RowBatch::commit(Durability durability) {
  if (batch_.Count() == 0) return {};
  return open_->write(batch_, durability);
}

}  // namespace konomi::rocks
