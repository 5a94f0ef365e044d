#include "tests/sim/world.h"

namespace konomi::sim {
namespace {

// More than any run has.
constexpr std::size_t kDaysMax = 10'000;

}  // namespace

World::World(std::uint64_t seed, const SimulationOptions& options)
    : dice(seed),
      setting(dice),
      bug(options.bug),
      chronicle(options.trace),
      calendar(BusinessCalendar::make("Asia/Tokyo", setting.day_starts_at).value()),
      engine(make_memory_engine(clock, setting.log_partitions)),
      oracle(setting.day_starts_at, setting.min_orders) {}

std::vector<DaySummary> World::all_days() const {
  SummaryStore& summaries = engine->summary_store();
  const auto range = summaries.days_range().value();
  if (!range) return {};
  return summaries.days(range->first, range->last, kDaysMax).value();
}

}  // namespace konomi::sim
