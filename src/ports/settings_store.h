#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/counting_rules.h"
#include "domain/expiry.h"
#include "domain/menu_type.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace konomi {

// What the stored figures were made with; starting with anything else is refused
// (docs/design.md#business-day).
struct DataSettings {
  std::string time_zone;
  std::chrono::minutes day_starts_at{0};
  BucketCount bucket_count = kBucketCountDefault;
  std::uint32_t log_partitions = 1;  // bucket_count is a multiple of it.

  friend bool operator==(const DataSettings&, const DataSettings&) = default;
};

// The catalogue of menu types, and the settings that belong to the data. Blocking; safe from every
// thread.
class SettingsStore {
 public:
  virtual ~SettingsStore() = default;

  virtual Result<std::optional<DataSettings>> data_settings() = 0;  // Nothing: the stores are new.
  virtual Result<void> put_data_settings(const DataSettings& settings) = 0;

  // Returns nothing when the stores are new; then generation 0 is counted.
  virtual Result<std::optional<CountingRules>> counting_rules() = 0;
  // Replaces the rules unless the stored ones have a higher generation. When two callers put rules
  // of the same generation at the same time, one of them stays for every reader: read afterwards.
  virtual Result<void> put_counting_rules(const CountingRules& rules) = 0;

  // Returns nothing when every raw order is kept.
  virtual Result<std::optional<Expiry>> expiry() = 0;
  // Replaces it unless what is there is of the same or a later day.
  virtual Result<void> put_expiry(const Expiry& expiry) = 0;

  // In the catalogue's order. New stores hold initial_menu_types().
  virtual Result<std::vector<MenuTypeEntry>> menu_types() = 0;

  // Creates or replaces entries; others stay.
  virtual Result<void> put_menu_types(const std::vector<MenuTypeEntry>& entries) = 0;

  // Adds a type as it was first seen in an order, with nothing but its id; one that is there stays
  // as it is.
  virtual Result<void> add_menu_types(const std::vector<MenuType>& types) = 0;
};

}  // namespace konomi
