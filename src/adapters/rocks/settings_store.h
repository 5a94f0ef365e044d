#pragma once

#include "adapters/rocks/database.h"
#include "base/mutex.h"
#include "ports/settings_store.h"

#include <optional>
#include <vector>

namespace konomi::rocks {

// What people decided is fsynced, for no log could bring it back. Types that orders brought are
// not: they come again with their orders.
class RocksSettingsStore final : public SettingsStore {
 public:
  explicit RocksSettingsStore(Database& database) : database_(database) {}

  Result<std::optional<DataSettings>> data_settings() override;
  Result<void> put_data_settings(const DataSettings& settings) override;
  Result<std::optional<CountingRules>> counting_rules() override;
  Result<void> put_counting_rules(const CountingRules& rules) override;
  Result<std::optional<Expiry>> expiry() override;
  Result<void> put_expiry(const Expiry& expiry) override;
  Result<std::vector<MenuTypeEntry>> menu_types() override;
  Result<void> put_menu_types(const std::vector<MenuTypeEntry>& entries) override;
  Result<void> add_menu_types(const std::vector<MenuType>& types) override;

 private:
  Database& database_;
  Mutex menu_types_mutex_;      // add_menu_types() reads before it writes.
  Mutex counting_rules_mutex_;  // put_counting_rules() does, too.
};

}  // namespace konomi::rocks
