#pragma once

#include "base/result.h"
#include "config/load.h"
#include "ports/settings_store.h"

#include <cstdint>

namespace konomi::process {

// The min_orders that the data is counted by from now on. It is the data's own, unless `config`
// sets another one and has the role aggregate: then that is written down, and the next pass counts
// everything again. Errors are the store's, and those of raised().
Result<std::uint64_t> agree_on_min_orders(SettingsStore& store, const config::LoadedConfig& config);

}  // namespace konomi::process
