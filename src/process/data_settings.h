#pragma once

#include "base/result.h"
#include "config/config.h"
#include "ports/settings_store.h"

#include <cstdint>

namespace konomi::process {

// Writes down with new data how its days and buckets are cut, and holds `config` against what old
// data says: figures of differently cut days or buckets must never be mixed
// (docs/design.md#business-day). `invalid_argument` names the remedy; else the store's errors.
Result<void> check_data_settings(SettingsStore& store, std::uint32_t log_partitions,
                                 const config::Config& config);

}  // namespace konomi::process
