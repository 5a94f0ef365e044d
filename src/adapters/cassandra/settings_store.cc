#include "adapters/cassandra/settings_store.h"

#include "adapters/cassandra/schema.h"
#include "adapters/cassandra/statement_table.h"
#include "encoding/values.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace konomi::cassandra {
namespace {

constexpr std::string_view kDataSettings = "data_settings";
constexpr std::string_view kCountingRules = "counting_rules";
constexpr std::string_view kExpiry = "expiry";
constexpr std::int32_t kCatalogue = 0;
constexpr std::uint32_t kSettingsPerPage = 1000;
constexpr std::int64_t kFirstEditVersion = kInitialMenuTypeTimestamp + 1;

}  // namespace

Result<std::unique_ptr<CassandraSettingsStore>> CassandraSettingsStore::open(
    Session& session, std::string_view keyspace) {
  static constexpr StatementRow<Statements> kTable[] = {
      {&Statements::put_setting,
       "INSERT INTO {}.settings (name, value) VALUES (?, ?) USING TIMESTAMP ?"},
      {&Statements::setting, "SELECT value, writetime(value) FROM {}.settings WHERE name = ?",
       kSettingsPerPage},
      {&Statements::put_menu_type,
       "INSERT INTO {}.menu_types (catalogue, menu_type, value) VALUES (?, ?, ?) USING TIMESTAMP "
       "?"},
      {&Statements::menu_types,
       "SELECT menu_type, value, writetime(value) FROM {}.menu_types WHERE catalogue = ?",
       kSettingsPerPage},
  };
  KONOMI_TRY(Statements statements, prepare_all(session, keyspace, kTable));
  return std::unique_ptr<CassandraSettingsStore>(
      new CassandraSettingsStore(session, std::move(statements)));
}

Result<std::optional<CassandraSettingsStore::StoredSettings>>
CassandraSettingsStore::read_data_settings() {
  Requests requests;
  requests.add(statements_.setting).bytes(kDataSettings);
  std::optional<StoredSettings> stored;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(DataSettings settings, encoding::decode_data_settings(value));
    KONOMI_TRY(const std::int64_t version, row.bigint());
    stored = {.settings = std::move(settings), .version = version};
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return stored;
}

Result<std::optional<DataSettings>> CassandraSettingsStore::data_settings() {
  KONOMI_TRY(auto stored, read_data_settings());
  if (!stored) return std::optional<DataSettings>();
  return std::optional(std::move(stored->settings));
}

Result<void> CassandraSettingsStore::put_data_settings(const DataSettings& settings) {
  const MutexLock lock(edit_mutex_);
  KONOMI_TRY(const auto stored, read_data_settings());
  Requests requests;
  requests.add(statements_.put_setting)
      .bytes(kDataSettings)
      .bytes(encoding::encode_data_settings(settings))
      .bigint(stored ? stored->version + 1 : kFirstEditVersion);
  return session_.write(requests);
}

Result<std::optional<CountingRules>> CassandraSettingsStore::counting_rules() {
  Requests requests;
  requests.add(statements_.setting).bytes(kCountingRules);
  std::optional<CountingRules> rules;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(rules, encoding::decode_counting_rules(value));
    KONOMI_CHECK_OK(row.bigint());  // The version is the generation, which is in the value.
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return rules;
}

Result<void> CassandraSettingsStore::put_counting_rules(const CountingRules& rules) {
  Requests requests;
  requests.add(statements_.put_setting)
      .bytes(kCountingRules)
      .bytes(encoding::encode_counting_rules(rules))
      .bigint(kFirstEditVersion + static_cast<std::int64_t>(rules.generation.value()));
  return session_.write(requests);
}

Result<std::optional<Expiry>> CassandraSettingsStore::expiry() {
  Requests requests;
  requests.add(statements_.setting).bytes(kExpiry);
  std::optional<Expiry> expiry;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(expiry, encoding::decode_expiry(value));
    KONOMI_CHECK_OK(row.bigint());  // The version is the day, which is in the value.
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return expiry;
}

Result<void> CassandraSettingsStore::put_expiry(const Expiry& given) {
  KONOMI_TRY(const auto stored, expiry());
  if (stored && stored->before >= given.before) return {};
  Requests requests;
  requests.add(statements_.put_setting)
      .bytes(kExpiry)
      .bytes(encoding::encode_expiry(given))
      .bigint(kFirstEditVersion + given.before.days_since_1970());
  return session_.write(requests);
}

Result<std::vector<CassandraSettingsStore::StoredEntry>> CassandraSettingsStore::read_menu_types() {
  Requests requests;
  requests.add(statements_.menu_types).integer(kCatalogue);
  std::vector<StoredEntry> entries;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view id, row.bytes());
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(MenuTypeEntry entry, encoding::decode_menu_type(value));
    KONOMI_TRY(const std::int64_t version, row.bigint());
    entry.id = MenuType(std::string(id));
    entries.push_back({.entry = std::move(entry), .version = version});
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return entries;
}

Result<std::vector<MenuTypeEntry>> CassandraSettingsStore::menu_types() {
  KONOMI_TRY(auto stored, read_menu_types());
  std::vector<MenuTypeEntry> entries;
  for (StoredEntry& row : stored) entries.push_back(std::move(row.entry));
  std::ranges::sort(entries, comes_before);
  return entries;
}

Result<void> CassandraSettingsStore::write_menu_types(const std::vector<StoredEntry>& entries) {
  PartitionedWrites writes;
  for (const auto& [entry, version] : entries)
    writes.add(statements_.put_menu_type, "")
        .integer(kCatalogue)
        .bytes(entry.id.value())
        .bytes(encoding::encode_menu_type(entry))
        .bigint(version);
  return session_.write(writes.batches());
}

Result<void> CassandraSettingsStore::put_menu_types(const std::vector<MenuTypeEntry>& entries) {
  const MutexLock lock(edit_mutex_);
  KONOMI_TRY(const auto stored, read_menu_types());
  std::map<MenuType, std::int64_t> versions;
  for (const StoredEntry& row : stored) versions[row.entry.id] = row.version;
  std::vector<StoredEntry> edits;
  for (const MenuTypeEntry& entry : entries) {
    std::int64_t& version = versions[entry.id];
    version = std::max(version + 1, kFirstEditVersion);
    edits.push_back({.entry = entry, .version = version});
  }
  return write_menu_types(edits);
}

Result<void> CassandraSettingsStore::add_menu_types(const std::vector<MenuType>& types) {
  std::vector<StoredEntry> entries;
  for (const MenuType& type : types) {
    MenuTypeEntry entry;
    entry.id = type;
    entries.push_back({.entry = std::move(entry), .version = kAddedMenuTypeTimestamp});
  }
  return write_menu_types(entries);
}

}  // namespace konomi::cassandra
