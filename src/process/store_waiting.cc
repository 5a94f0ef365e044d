#include "process/store_waiting.h"

#include "process/consume_role.h"

#include <algorithm>
#include <cstddef>

namespace konomi::process {
namespace {

Result<bool> all_is_stored(OrderLog& log, OrderStore& orders) {
  KONOMI_TRY(const auto ends, log.ends());
  KONOMI_TRY(const auto watermarks, orders.watermarks());
  return std::ranges::all_of(ends, [&](const auto& partition) {
    const auto at = watermarks.find(partition.first);
    return at == watermarks.end() ? partition.second == LogOffset(0)
                                  : at->second.next_offset >= partition.second;
  });
}

}  // namespace

Result<std::uint64_t> store_waiting(const Shop& shop, Telemetry& telemetry, std::stop_token stop) {
  KONOMI_TRY(const auto consume, ConsumeRole::open(shop, telemetry));
  std::uint64_t stored = 0;
  while (true) {
    KONOMI_TRY(const std::size_t records, consume->consumer().step(stop));
    stored += records;
    KONOMI_TRY(const bool all,
               all_is_stored(shop.engine->ports.order_log, shop.engine->ports.order_store));
    if (all) return stored;
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
  }
}

}  // namespace konomi::process
