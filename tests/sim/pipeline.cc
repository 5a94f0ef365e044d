#include "tests/sim/pipeline.h"

#include "base/assert.h"
#include "tests/sim/checks.h"
#include "tests/sim/counting.h"
#include "tests/sim/departures.h"
#include "tests/sim/faults.h"
#include "tests/sim/group.h"
#include "tests/sim/menu_types.h"
#include "tests/sim/operator.h"
#include "tests/sim/planted.h"
#include "tests/sim/tills.h"
#include "tests/sim/verifying.h"
#include "tests/sim/world.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <vector>

namespace konomi::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kDrainRoundsMax = 10'000;
constexpr int kRoundsAtRest = 3;  // Several, for orders must settle before a tick is due.

// Everybody who takes part, and what happens next.
class Pipeline {
 public:
  Pipeline(std::uint64_t seed, const SimulationOptions& options) : world_(seed, options) {
    std::vector<MenuTypeEntry> types;
    for (int i = 1; i <= world_.setting.types; ++i) types.push_back({.id = type_named(i)});
    SimulatedEngine& engine = *world_.engine;
    if (world_.setting.refuses_types())
      KONOMI_ASSERT(engine.settings_store().put_menu_types(types), "no faults yet");
    engine.checkpoint_stores();  // What people decide survives a power loss.
    faults_.install();
    group_.begin();
  }

  Outcome play() {
    const Setting& setting = world_.setting;
    world_.chronicle.say(
        "{} partitions, {} buckets, day starts at {}, min_orders {}, {}, fault 1 in {}",
        setting.log_partitions, setting.bucket_count.value(),
        day_starts_at_text(setting.day_starts_at), setting.min_orders,
        setting.nightly ? "nightly" : "always", setting.calls_per_fault);
    for (int i = 0; i < setting.steps; ++i) {
      act();
      if (world_.dice.one_in(200)) {
        check("midway");
        if (succeeds() && world_.dice.one_in(2)) damage_and_repair();
      }
      if (!succeeds()) return world_.chronicle.take_outcome();
    }
    check("at the end");
    if (succeeds() && world_.dice.one_in(4)) {
      damage_and_repair();
      check("after a repair");
    }
    if (succeeds() && world_.dice.one_in(8)) {
      const Quiet quiet(faults_);
      checks_.check_recount(counting_);
    }
    return world_.chronicle.take_outcome();
  }

 private:
  bool succeeds() const { return !world_.chronicle.failed(); }

  void act() {
    Dice& dice = world_.dice;
    const int what = dice.between(1, 100);
    if (what <= 30) {
      tills_.send(dice.between(0, Tills::kCount - 1));
    } else if (what <= 55) {
      (void)group_.step(dice.between(0, world_.setting.consumers - 1));
    } else if (what <= 75) {
      (void)counting_.tick();
    } else if (what <= 90) {
      if (dice.one_in(40)) {
        people_.change_rules();
      } else if (dice.one_in(12)) {
        erase_user();
      } else {
        pass_time();
      }
    } else if (what <= 93) {
      kill();
    } else if (what <= 95) {
      dice.one_in(2) ? group_.rewind() : group_.rebalance();
    } else if (what <= 96) {
      log_unreadable();
    } else if (what <= 98) {
      tills_.hold_or_release();
    } else if (what <= 99 || !world_.setting.refuses_types()) {
      checkpoint_or_power_loss();
    } else {
      (void)people_.replay_letters();
    }
  }

  void pass_time() {
    const milliseconds time = world_.dice.pick(
        std::array<milliseconds, 8>{milliseconds(1), milliseconds(400), seconds(1), seconds(2),
                                    seconds(10), minutes(7), hours(2), hours(9)});
    world_.clock.advance(time);
    world_.chronicle.say("now {}", to_rfc3339(world_.clock.now()));
  }

  void log_unreadable() {
    if (!world_.engine->append_unreadable(LogPartition(0),
                                          {.reason = "unreadable", .message = "for a test"}))
      return;
    ++unreadable_;
    world_.chronicle.happened("unreadable record");
  }

  void erase_user() {
    const int number = world_.dice.between(0, world_.setting.users);
    if (!tills_.is_idle(number) || world_.bug != PlantedBug::none) return;
    departures_.erase(UserId(fmt::format("user{}", number)));
  }

  void kill() {
    if (world_.dice.one_in(2)) group_.kill(world_.dice.between(0, world_.setting.consumers - 1));
    if (world_.dice.one_in(2)) counting_.kill();
    world_.chronicle.say("killed between calls");
    world_.chronicle.happened("kill between calls");
  }

  void checkpoint_or_power_loss() {
    if (world_.dice.one_in(2)) {
      world_.engine->checkpoint_stores();
      return;
    }
    group_.kill_all();
    counting_.kill();
    if (world_.engine->lose_power() > 0) world_.chronicle.happened("bytes lost with the power");
    people_.put_rules();
    world_.chronicle.say("power loss");
    world_.chronicle.happened("power loss");
  }

  // Played between two calls of whatever role is at work.
  void consumer_steps() {
    Dice& dice = world_.dice;
    const auto number = group_.idle_consumer(dice.between(0, world_.setting.consumers - 1));
    if (!number) return;
    if (dice.one_in(4)) group_.rebalance();
    int steps = 1;
    if (dice.one_in(20)) {
      erase_user();
      steps = dice.between(1, 5);  // Perhaps it is read at once.
    }
    world_.chronicle.happened("consumer between two calls");
    for (; steps > 0; --steps) (void)group_.step(*number);
  }

  void damage_and_repair() {
    const Quiet quiet(faults_);
    verifying_.damage_and_repair();
  }

  // Peace: no faults, every order acknowledged, stored and counted, every day over and final.
  bool come_to_rest() {
    group_.kill_all();
    tills_.settle();
    world_.clock.advance(hours(24 * 3));
    int rounds_at_rest = 0;
    for (int i = 0; i < kDrainRoundsMax && rounds_at_rest < kRoundsAtRest; ++i) {
      bool at_rest = true;
      for (int number = 0; number < world_.setting.consumers; ++number) {
        const auto consumed = group_.step(number);
        at_rest = at_rest && consumed && *consumed == 0;
      }
      world_.clock.advance(seconds(10));
      const auto ticked = counting_.tick();
      const auto replayed = people_.replay_letters();
      at_rest = at_rest && ticked && !*ticked && replayed && *replayed == 0;
      rounds_at_rest = at_rest ? rounds_at_rest + 1 : 0;
    }
    return rounds_at_rest == kRoundsAtRest;
  }

  void check(const std::string& when) {
    world_.chronicle.say("check {}", when);
    world_.chronicle.happened("check");
    const Quiet quiet(faults_);
    if (!come_to_rest())
      return world_.chronicle.fail(when + ": the pipeline does not come to rest");
    planted_.put_counters();
    if (!checks_.compare_figures(when)) return;
    checks_.check_bookkeeping(when, unreadable_);
    if (world_.bug == PlantedBug::none) verifying_.check(when);
  }

  World world_;
  Faults faults_{world_, [this] { consumer_steps(); }};
  Departures departures_{world_, faults_};
  Tills tills_{world_, faults_, departures_};
  Planted planted_{world_};
  Group group_{world_, faults_, planted_};
  Counting counting_{world_, faults_, departures_};
  Operator people_{world_, faults_};
  Verifying verifying_{world_, departures_, people_};
  Checks checks_{world_, departures_};
  std::uint64_t unreadable_ = 0;  // Records.
};

}  // namespace

Outcome simulate(std::uint64_t seed, const SimulationOptions& options) {
  return Pipeline(seed, options).play();
}

std::string replay_command(std::uint64_t seed, EngineKind engine) {
  return fmt::format("konomi_sim{} --seed {} --trace",
                     engine == EngineKind::rocks ? " --engine rocks" : "", seed);
}

}  // namespace konomi::sim
