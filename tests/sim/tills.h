#pragma once

#include "base/result.h"
#include "domain/order.h"
#include "tests/sim/departures.h"
#include "tests/sim/faults.h"
#include "tests/sim/world.h"

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace konomi::sim {

// Post orders, corrections and cancellations. Each till sends one batch at a time until it is
// acknowledged, and then tells the oracle. A user orders at one till only.
class Tills {
 public:
  static constexpr int kCount = 3;

  Tills(World& world, Faults& faults, Departures& departures)
      : world_(world), faults_(faults), departures_(departures) {}
  ~Tills() { world_.engine->release_completions(); }
  Tills(const Tills&) = delete;
  Tills& operator=(const Tills&) = delete;

  // A new batch, or once more the one whose outcome is not known. A till that waits does nothing.
  void send(int number);

  // The log's answers are held back from now on; or those that were held come, or are lost.
  void hold_or_release();

  // Every answer comes, and what has none is sent again.
  void settle();

  // Whether the user of this number has nothing on the way.
  bool is_idle(int user) const;

 private:
  struct Till {
    enum class State { idle, waiting, unsure };

    std::vector<Order> batch;
    std::vector<bool>
        in_time;  // Of each order: logged once, before its day was announced to leave.
    State state = State::idle;
  };

  Order random_order(int till);
  void append(Till& till);
  void log_batch(Till& till, const std::function<void(const Result<void>&)>& answered);
  std::uint64_t log_length();

  World& world_;
  Faults& faults_;
  Departures& departures_;
  std::array<Till, kCount> tills_;
  bool holding_ = false;  // Answers.
};

}  // namespace konomi::sim
