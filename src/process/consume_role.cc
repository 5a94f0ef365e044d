#include "process/consume_role.h"

#include "process/options.h"
#include "process/random_seed.h"

#include <utility>

namespace konomi::process {

Result<std::unique_ptr<ConsumeRole>> ConsumeRole::open(const Shop& shop, Telemetry& telemetry) {
  KONOMI_TRY(auto reader, shop.engine->open_reader());
  return std::unique_ptr<ConsumeRole>(new ConsumeRole(shop, telemetry, std::move(reader)));
}

ConsumeRole::ConsumeRole(const Shop& shop, Telemetry& telemetry,
                         std::unique_ptr<OrderLogReader> reader)
    : reader_(std::move(reader)),
      consumer_(consume::ConsumerPorts{.reader = *reader_,
                                       .orders = shop.engine->ports.order_store,
                                       .dead_letters = shop.engine->ports.dead_letters,
                                       .settings = shop.engine->ports.settings_store},
                shop.calendar, shop.bucket_count, telemetry.metrics(), shop.clock,
                consumer_options(shop.config, random_seed(), telemetry.tracer())) {}

void ConsumeRole::start() {
  thread_.emplace("consume", consumer_.heartbeat(),
                  [this](std::stop_token stop) { return consumer_.run(std::move(stop)); });
}

void ConsumeRole::stop() {
  if (thread_) thread_->stop();
}

}  // namespace konomi::process
