#pragma once

#include "adapters/cassandra/session.h"
#include "base/mutex.h"
#include "ports/settings_store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::cassandra {

// What people decide has no log offset for a version. Its version is one more than that of what it
// replaces, which is read first: so an edit wins over every one whose effect its author could have
// seen, without anybody's clock, and of two at the same moment on two machines one wins everywhere.
// A type that an order brought is written with the lowest version of all, so it never undoes an
// edit.
class CassandraSettingsStore final : public SettingsStore {
 public:
  // The session outlives the store.
  static Result<std::unique_ptr<CassandraSettingsStore>> open(Session& session,
                                                              std::string_view keyspace);

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
  struct Statements {
    Statement put_setting;
    Statement setting;
    Statement put_menu_type;
    Statement menu_types;
  };
  struct StoredSettings {
    DataSettings settings;
    std::int64_t version;
  };
  struct StoredEntry {
    MenuTypeEntry entry;
    std::int64_t version;
  };

  CassandraSettingsStore(Session& session, Statements statements)
      : session_(session), statements_(std::move(statements)) {}

  Result<std::optional<StoredSettings>> read_data_settings();
  Result<std::vector<StoredEntry>> read_menu_types();
  Result<void> write_menu_types(const std::vector<StoredEntry>& entries);

  Session& session_;
  const Statements statements_;
  Mutex edit_mutex_;  // Held by the two put functions: they read before they write.
};

}  // namespace konomi::cassandra
