#include "tests/sim/world.h"

#include <cstddef>

namespace konomi::sim {
namespace {

// More than any run has.
constexpr std::size_t kDaysMax = 10'000;

std::unique_ptr<SimulatedEngine> make_engine(EngineKind engine, const Clock& clock,
                                             std::uint32_t log_partitions) {
  if (engine == EngineKind::memory) return make_memory_engine(clock, log_partitions);
  return make_rocks_engine(clock);
}

}  // namespace

World::World(std::uint64_t seed, const SimulationOptions& options)
    : dice(seed),
      setting(dice, options.engine),
      bug(options.bug),
      chronicle(options.trace),
      calendar(BusinessCalendar::make("Asia/Tokyo", setting.day_starts_at).value()),
      engine(make_engine(options.engine, clock, setting.log_partitions)),
      oracle(setting.day_starts_at, setting.min_orders) {}

std::vector<DaySummary> World::all_days() const {
  SummaryStore& summaries = engine->summary_store();
  const auto range = summaries.days_range().value();
  if (!range) return {};
  return summaries.days(range->first, range->last, kDaysMax).value();
}

}  // namespace konomi::sim
