#pragma once

#include "adapters/memory/engine.h"
#include "base/result.h"
#include "tests/sim/world.h"

#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace konomi::sim {

// What fails when. Every call of a port asks here for its fate: it may fail before or after its
// effect, the process that makes it may die with it, and a consumer may take a step before it.
class Faults {
 public:
  // Asks are answered from the first call of install() on. `consumer_steps` is played between two
  // calls of a role; no such step comes between the calls that it makes itself.
  Faults(World& world, std::function<void()> consumer_steps)
      : world_(world), consumer_steps_(std::move(consumer_steps)) {}

  void install();

  // A step of a process begins. Now and then the process dies at one of its next calls: that call
  // may still have its effect, and no later one has.
  void begin_step();
  // The step is over. Whether the process died in it.
  bool end_step() { return std::exchange(life_, {}).dead; }

  bool are_off() const { return quiet_; }

  // What `call` gives by the engine without faults.
  template <class Call>
  auto undisturbed(const Call& call);

 private:
  friend class Quiet;

  // The process whose step is played.
  struct Life {
    bool dead = false;      // From some call on.
    int calls_to_live = 0;  // 0: it lives on.
  };

  std::optional<memory::Fault> fate_of(std::string_view call);
  memory::Fault failure(std::string_view call);
  void interleave();

  World& world_;
  const std::function<void()> consumer_steps_;
  bool quiet_ = false;
  Life life_;
  bool interleaved_ = false;  // A consumer works between two calls of another role.
};

// No faults as long as it lives, whether there were any before or not.
class Quiet {
 public:
  explicit Quiet(Faults& faults) : faults_(faults), before_(std::exchange(faults.quiet_, true)) {}
  ~Quiet() { faults_.quiet_ = before_; }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  Faults& faults_;
  const bool before_;
};

template <class Call>
auto Faults::undisturbed(const Call& call) {
  const Quiet quiet(*this);
  return call().value();
}

}  // namespace konomi::sim
