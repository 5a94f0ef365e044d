#include "process/ingest_role.h"

#include "process/options.h"
#include "process/random_seed.h"

#include <utility>

namespace konomi::process {

Result<std::unique_ptr<IngestRole>> IngestRole::open(const Shop& shop, Telemetry& telemetry) {
  KONOMI_TRY(auto gate, ingest::MenuTypeGate::open(shop.engine->ports.settings_store,
                                                   gate_rules(shop.config), telemetry.metrics()));
  return std::unique_ptr<IngestRole>(new IngestRole(shop, telemetry, std::move(gate)));
}

IngestRole::IngestRole(const Shop& shop, Telemetry& telemetry,
                       std::unique_ptr<ingest::MenuTypeGate> gate)
    : order_ids_(random_seed(), random_seed()),
      gate_(std::move(gate)),
      handler_(shop.engine->ports.order_log, *gate_, order_ids_, shop.clock, telemetry.metrics(),
               order_handler_options(shop.config)) {}

void IngestRole::finish_orders() {
  handler_.stop();
  gate_->stop();
}

}  // namespace konomi::process
