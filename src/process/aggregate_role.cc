#include "process/aggregate_role.h"

#include "process/options.h"

#include <cstdint>
#include <functional>
#include <utility>

namespace konomi::process {

AggregateRole::AggregateRole(const Shop& shop, Telemetry& telemetry)
    : aggregator_(
          ports_of(shop), shop.calendar, shop.bucket_count, telemetry.metrics(), shop.clock,
          aggregator_options(shop.config, shop.engine->log_partitions, telemetry.tracer())) {
  if (shop.config.aggregate_shard.index != 0) return;
  retention_.emplace(
      shop.engine->ports.dead_letters,
      [has = shop.engine->maintenance](Timestamp before) {
        return has != nullptr ? has->trim_log(before) : std::uint64_t{0};
      },
      telemetry.metrics(), shop.clock, retention_options(shop.config));
}

aggregate::AggregatePorts AggregateRole::ports_of(const Shop& shop) {
  const engine::Engine& engine = *shop.engine;
  std::function<Result<void>()> purge;
  if (engine.maintenance != nullptr) purge = [has = engine.maintenance] { return has->purge(); };
  return {.orders = engine.ports.order_store,
          .summaries = engine.ports.summary_store,
          .preferences = engine.ports.preference_store,
          .settings = engine.ports.settings_store,
          .purge = std::move(purge),
          .after_tick = [this] {
            if (retention_) retention_->tick();
          }};
}

void AggregateRole::start() {
  thread_.emplace("aggregate", aggregator_.heartbeat(), [this](std::stop_token stop) {
    aggregator_.run(std::move(stop));
    return Result<void>();
  });
}

void AggregateRole::stop() {
  if (thread_) thread_->stop();
}

}  // namespace konomi::process
