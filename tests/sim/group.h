#pragma once

#include "base/result.h"
#include "consume/consumer.h"
#include "ports/order_log.h"
#include "tests/sim/faults.h"
#include "tests/sim/planted.h"
#include "tests/sim/world.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace konomi::sim {

// Which consumer the group gives each partition of the log to.
struct Assignment {
  int generation = 0;  // Rises when partitions change hands.
  std::vector<int> owners;
};

// The consumers of the log, each a process of its own, that share its partitions out. A single one
// begins anew at the stored watermark when partitions would change hands.
class Group {
 public:
  Group(World& world, Faults& faults, Planted& planted)
      : world_(world),
        faults_(faults),
        planted_(planted),
        processes_(static_cast<std::size_t>(world.setting.consumers)) {}

  // The first sharing out.
  void begin() { share_out(); }

  // One step of a consumer, which is started when it is down. How many records it stored.
  Result<std::size_t> step(int number);
  // This consumer, or the next one when it is at work. Nothing: all are at work.
  std::optional<int> idle_consumer(int number) const;

  void kill(int number) { process(number) = {}; }
  void kill_all();
  void rebalance();
  // Records come again.
  void rewind();

 private:
  // A process and what it works on; without one it is down.
  struct Process {
    std::unique_ptr<OrderLogReader> reader;
    std::unique_ptr<consume::Consumer> consumer;
  };

  Process& process(int number) { return processes_[static_cast<std::size_t>(number)]; }
  consume::ConsumerOptions options() const;
  void start(int number);
  void share_out();

  World& world_;
  Faults& faults_;
  Planted& planted_;
  Assignment assignment_;
  std::vector<Process> processes_;
  int active_ = -1;  // The one at work; -1: none is.
};

}  // namespace konomi::sim
