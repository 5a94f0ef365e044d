#pragma once

#include "adapters/rocks/database.h"
#include "base/result.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::rocks {

// The families of the stores' database, by index; docs/formats.md has their keys and values.
enum StoreFamily : std::size_t {
  kSettings,  // RocksDB's default family.
  kOrders,
  kDayMarks,
  kUserOrderCounts,
  kBucketSummaries,
  kBucketMoves,
  kDays,
  kUserPreferences,
  kPreferenceByUser,
  kPreferenceChanges,
  kMenuTypes,
  kDeadLetters,
  kErasures,
};
std::vector<Database::Family> store_families(const rocksdb::ColumnFamilyOptions& options);

// Keys of single values in kSettings.
inline constexpr std::string_view kFormatVersionKey = "format_version";
inline constexpr std::string_view kDataSettingsKey = "data_settings";

// One row's value, or nothing.
Result<std::optional<std::string>> read_row(Database& database, StoreFamily family,
                                            std::string_view key);

// Many rows' values at once, in the order of `keys`.
Result<std::vector<std::optional<std::string>>> read_rows(Database& database, StoreFamily family,
                                                          std::span<const std::string> keys);

// Rows that are written together. Short-lived: it keeps the database from being opened again.
class RowBatch {
 public:
  // `storage_full`, `unavailable`: the database takes no writes for now.
  static Result<RowBatch> begin(Database& database);

  void put(StoreFamily family, std::string_view key, std::string_view value);
  void remove(StoreFamily family, std::string_view key);
  // Every row from `begin` to before `end`.
  void remove_all(StoreFamily family, std::string_view begin, std::string_view end);
  Result<void> commit(Durability durability);

 private:
  explicit RowBatch(std::shared_ptr<const OpenDatabase> open) : open_(std::move(open)) {}

  std::shared_ptr<const OpenDatabase> open_;
  rocksdb::WriteBatch batch_;
};

}  // namespace konomi::rocks
