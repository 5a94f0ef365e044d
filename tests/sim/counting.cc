#include "tests/sim/counting.h"

#include "base/assert.h"

#include <chrono>

namespace konomi::sim {

void Counting::start() {
  if (aggregator_) return;
  const Setting& setting = world_.setting;
  SimulatedEngine& engine = *world_.engine;
  aggregator_ = std::make_unique<aggregate::Aggregator>(
      aggregate::AggregatePorts{engine.order_store(), engine.summary_store(),
                                engine.preference_store(), engine.settings_store()},
      world_.calendar, setting.bucket_count, world_.metrics, world_.clock,
      aggregate::AggregatorOptions{
          .counting = {.users_per_chunk = 2, .orders_per_read = 3},
          .rules = {.min_orders = setting.min_orders},
          .preferences = setting.nightly ? Preferences::nightly : Preferences::always,
          .log_partitions = setting.log_partitions,
          .orders_kept_for = setting.orders_kept_for});
}

Result<bool> Counting::tick() {
  faults_.begin_step();
  start();
  const auto announced_before = departures_.expiry();
  // No order is logged just now.
  if (world_.setting.orders_leave()) world_.clock.advance(std::chrono::milliseconds(1));
  auto ticked = aggregator_->tick({});
  if (const auto announced = departures_.expiry(); announced != announced_before) {
    world_.engine->checkpoint_stores();  // It is durable, and so is what was written before it.
    world_.chronicle.say("orders leave of days before {}", to_string(announced->before));
    world_.chronicle.happened("expiry");
  }
  if (ticked) {
    world_.chronicle.say("ticked: {}", *ticked);
    if (*ticked) world_.chronicle.happened("pass");
  } else {
    world_.chronicle.say("tick failed: {}", ticked.error().message);
  }
  if (faults_.end_step()) kill();
  return ticked;
}

void Counting::count_all_days() {
  for (const DaySummary& day : world_.all_days())
    KONOMI_ASSERT(aggregator_->count_day(day.day, {}), "no faults any more");
}

}  // namespace konomi::sim
