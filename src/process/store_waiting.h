#pragma once

#include "base/result.h"
#include "process/shop.h"
#include "process/telemetry.h"

#include <cstdint>
#include <stop_token>

namespace konomi::process {

// Stores what waits in the log, until the watermarks have reached its end; how many records that
// were. Blocks; bounded by what the log holds, while nobody appends. `cancelled` on stop; else the
// errors of the engine.
Result<std::uint64_t> store_waiting(const Shop& shop, Telemetry& telemetry, std::stop_token stop);

}  // namespace konomi::process
