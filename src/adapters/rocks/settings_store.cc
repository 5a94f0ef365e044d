#include "adapters/rocks/settings_store.h"

#include "adapters/rocks/keys.h"
#include "adapters/rocks/row_cursor.h"
#include "adapters/rocks/stores.h"
#include "encoding/values.h"

#include <algorithm>
#include <string>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::string_view kCountingRulesKey = "counting_rules";
constexpr std::string_view kExpiryKey = "expiry";

}  // namespace

Result<std::optional<DataSettings>> RocksSettingsStore::data_settings() {
  KONOMI_TRY(const auto value, read_row(database_, kSettings, kDataSettingsKey));
  if (!value) return std::optional<DataSettings>();
  KONOMI_TRY(DataSettings settings, encoding::decode_data_settings(*value));
  return std::optional(std::move(settings));
}

Result<void> RocksSettingsStore::put_data_settings(const DataSettings& settings) {
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  rows.put(kSettings, kDataSettingsKey, encoding::encode_data_settings(settings));
  return rows.commit(Durability::synced);
}

Result<std::optional<CountingRules>> RocksSettingsStore::counting_rules() {
  KONOMI_TRY(const auto value, read_row(database_, kSettings, kCountingRulesKey));
  if (!value) return std::optional<CountingRules>();
  KONOMI_TRY(const CountingRules rules, encoding::decode_counting_rules(*value));
  return std::optional(rules);
}

Result<void> RocksSettingsStore::put_counting_rules(const CountingRules& rules) {
  const MutexLock lock(counting_rules_mutex_);
  KONOMI_TRY(const auto stored, counting_rules());
  if (stored && rules.generation < stored->generation) return {};
  KONOMI_TRY(RowBatch batch, RowBatch::begin(database_));
  batch.put(kSettings, kCountingRulesKey, encoding::encode_counting_rules(rules));
  return batch.commit(Durability::synced);
}

Result<std::optional<Expiry>> RocksSettingsStore::expiry() {
  KONOMI_TRY(const auto value, read_row(database_, kSettings, kExpiryKey));
  if (!value) return std::optional<Expiry>();
  KONOMI_TRY(const Expiry expiry, encoding::decode_expiry(*value));
  return std::optional(expiry);
}

Result<void> RocksSettingsStore::put_expiry(const Expiry& given) {
  const MutexLock lock(counting_rules_mutex_);
  KONOMI_TRY(const auto stored, expiry());
  if (stored && stored->before >= given.before) return {};
  KONOMI_TRY(RowBatch batch, RowBatch::begin(database_));
  batch.put(kSettings, kExpiryKey, encoding::encode_expiry(given));
  return batch.commit(Durability::synced);
}

Result<std::vector<MenuTypeEntry>> RocksSettingsStore::menu_types() {
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kMenuTypes, ""));
  std::vector<MenuTypeEntry> entries;
  while (true) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) break;
    KONOMI_TRY(MenuTypeEntry entry, encoding::decode_menu_type(walk.value()));
    entry.id = MenuType(std::string(walk.key_rest()));
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, comes_before);
  return entries;
}

Result<void> RocksSettingsStore::put_menu_types(const std::vector<MenuTypeEntry>& entries) {
  const MutexLock lock(menu_types_mutex_);
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (const MenuTypeEntry& entry : entries)
    rows.put(kMenuTypes, entry.id.value(), encoding::encode_menu_type(entry));
  return rows.commit(Durability::synced);
}

Result<void> RocksSettingsStore::add_menu_types(const std::vector<MenuType>& types) {
  const MutexLock lock(menu_types_mutex_);
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (const MenuType& type : types) {
    KONOMI_TRY(const auto stored, read_row(database_, kMenuTypes, type.value()));
    if (stored) continue;
    MenuTypeEntry entry;
    entry.id = type;
    rows.put(kMenuTypes, type.value(), encoding::encode_menu_type(entry));
  }
  return rows.commit(Durability::written_through);
}

}  // namespace konomi::rocks
