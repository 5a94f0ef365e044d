#include "tests/sim/planted.h"

#include "base/assert.h"
#include "consume/sorting.h"

#include <chrono>
#include <optional>
#include <utility>

namespace konomi::sim {
namespace {

// A consumer's step with a mistake in it: a crash or an error between the two writes loses orders.
Result<std::size_t> step_watermark_first(World& world, OrderLogReader& reader) {
  KONOMI_TRY(auto records, reader.poll(5'000, std::chrono::milliseconds(0), {}));
  if (records.empty()) return 0;
  const KnownMenuTypes known{.types_max = 1'000};
  auto judgement = consume::judge_records(records, known);
  const auto sorted = consume::sort_records(
      std::move(records), std::move(judgement), [](const LogRecord&) { return std::nullopt; },
      world.calendar, world.setting.bucket_count, world.clock.now());
  SimulatedEngine& engine = *world.engine;
  KONOMI_CHECK_OK(engine.settings_store().add_menu_types(sorted.new_types));
  KONOMI_CHECK_OK(engine.dead_letters().put(sorted.dead_letters));
  KONOMI_CHECK_OK(engine.order_store().put({.watermarks = sorted.batch.watermarks}));
  KONOMI_CHECK_OK(
      engine.order_store().put({.orders = sorted.batch.orders, .marks = sorted.batch.marks}));
  return sorted.records;
}

}  // namespace

Result<void> CountingOrderStore::put(const StoreBatch& batch) {
  if (last_write_stays_) {
    StoreBatch changed = batch;
    for (PlacedRow& row : changed.orders) row.stored.version = Version(++writes_);
    KONOMI_CHECK_OK(store().put(changed));
  } else {
    KONOMI_CHECK_OK(store().put(batch));
  }
  for (const PlacedRow& row : batch.orders) {
    if (row.stored.order.status == OrderStatus::placed) ++orders_[row.day];
  }
  return {};
}

Result<std::optional<Expiry>> ExpirySettings::expiry() {
  KONOMI_TRY(auto expiry, store_.expiry());
  if (expiry && forgets_) expiry->earlier_before = BusinessDay();
  return expiry;
}

Result<std::size_t> Planted::step(consume::Consumer& consumer, OrderLogReader& reader) {
  return world_.bug == PlantedBug::watermark_before_orders ? step_watermark_first(world_, reader)
                                                           : consumer.step({});
}

void Planted::put_counters() {
  if (world_.bug != PlantedBug::counter_on_the_way_in) return;
  for (DaySummary& day : world_.all_days()) {
    day.figures.orders = order_store_.orders(day.day);
    KONOMI_ASSERT(world_.engine->summary_store().put_day(day), "no faults any more");
  }
}

}  // namespace konomi::sim
