#include "tests/sim/faults.h"

namespace konomi::sim {

void Faults::install() {
  world_.engine->decide_faults([this](std::string_view call) { return fate_of(call); });
}

void Faults::begin_step() {
  if (world_.setting.calls_per_fault > 0 && !quiet_ && world_.dice.one_in(8))
    life_.calls_to_live = world_.dice.between(1, 60);
}

std::optional<memory::Fault> Faults::fate_of(std::string_view call) {
  if (quiet_) return std::nullopt;
  const bool of_role = !call.starts_with("order_log.");
  if (life_.dead && of_role) return memory::Fault{.error = {ErrorCode::unavailable, "dead"}};
  if (of_role && !interleaved_ && world_.dice.one_in(world_.setting.calls_per_interleaving))
    interleave();
  if (of_role && life_.calls_to_live > 0 && --life_.calls_to_live == 0) {
    life_.dead = true;
    world_.chronicle.say("dies at {}", call);
    world_.chronicle.happened("kill within a call");
    return failure(call);
  }
  if (!world_.dice.one_in(world_.setting.calls_per_fault)) return std::nullopt;
  world_.chronicle.happened("fault");
  return failure(call);
}

memory::Fault Faults::failure(std::string_view call) {
  const bool after_effect = world_.dice.one_in(2);
  world_.chronicle.say("{} fails {}", call,
                       after_effect ? "after its effect" : "before its effect");
  if (after_effect) {
    world_.chronicle.happened("written but no answer");
    return {.error = {ErrorCode::timed_out, "no answer", true}, .after_effect = true};
  }
  return {.error = {ErrorCode::unavailable, "refused"}};
}

void Faults::interleave() {
  const Life life = std::exchange(life_, {});
  interleaved_ = true;
  consumer_steps_();
  interleaved_ = false;
  life_ = life;
}

}  // namespace konomi::sim
