#include "tests/sim/operator.h"

#include "base/assert.h"
#include "dlq/reprocessing.h"
#include "tests/sim/menu_types.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace konomi::sim {

Operator::Operator(World& world, Faults& faults)
    : world_(world),
      faults_(faults),
      rules_{.preference = {.min_orders = world.setting.min_orders}} {}

Result<std::uint64_t> Operator::replay_letters() {
  SimulatedEngine& engine = *world_.engine;
  dlq::Reprocessing letters({.dead_letters = engine.dead_letters(),
                             .order_log = engine.order_log(),
                             .settings = engine.settings_store()},
                            world_.calendar, world_.metrics, world_.clock,
                            {.limits = {.ahead_max = std::chrono::hours(24 * 30)},
                             .unknown_menu_types = UnknownMenuTypes::refuse,
                             .letters_max = 5});
  std::uint64_t replayed = 0;
  dlq::Selection selection;
  selection.filter.reason = kUnknownMenuType;
  do {
    const auto report = letters.replay(selection, right_names(world_.setting.types), false);
    if (!report) {
      world_.chronicle.say("replay failed: {}", report.error().message);
      world_.chronicle.happened("replay failed");
      return std::unexpected(report.error());
    }
    world_.chronicle.say("replayed {} letters", report->outcomes.size());
    replayed += static_cast<std::uint64_t>(
        std::ranges::count(report->outcomes, dlq::Outcome::Kind::replayed, &dlq::Outcome::kind));
    selection.after = report->next_after;
  } while (selection.after);
  if (replayed > 0) world_.chronicle.happened("letters replayed");
  return replayed;
}

void Operator::change_rules() {
  const auto min_orders = static_cast<std::uint64_t>(world_.dice.pick(std::array{1, 1, 2, 4}));
  rules_ = raised(rules_, {.min_orders = min_orders}).value();
  world_.oracle.set_min_orders(min_orders);
  put_rules();
  world_.chronicle.say("min_orders is {}", min_orders);
  world_.chronicle.happened("other rules");
}

void Operator::put_rules() {
  if (rules_.generation == Generation(0)) return;
  const Quiet quiet(faults_);
  KONOMI_ASSERT(world_.engine->settings_store().put_counting_rules(rules_), "no faults now");
}

void Operator::learn_rules() {
  rules_ = world_.engine->settings_store().counting_rules().value().value();
}

}  // namespace konomi::sim
