#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace konomi::memory {

// What a call suffers instead of succeeding.
struct Fault {
  Error error;
  // Whether the call did its work before it failed, as a write does whose answer was lost. The
  // error then says `may_have_happened`.
  bool after_effect = false;
};

struct MemoryOptions {
  std::uint32_t log_partitions = 1;  // A user's orders are all in one, chosen as Kafka does.
  std::size_t queue_orders_max = 1'000'000;  // Orders whose completions may be held back.
};

// Every port in plain maps behind one mutex. For tests only: it forgets everything at its end, and
// it does what a test tells it to. Nothing happens on threads of its own: append() completes on the
// calling thread unless completions are held back.
//
// The faults it can play, in plain words:
//   - The next n calls of one kind fail, before or after their effect:        fail_next
//   - A test, or a simulation with a seed, decides about every single call:   decide_faults
//   - The log has written the orders but says nothing yet:                    hold_completions
//     … it speaks at last, in the order of the appends:                       release_completions
//     … the answers are lost:                                                 lose_completions
//   - The log fills up: appends are refused with `overloaded` while more than
//     queue_orders_max orders are held back.
//   - Records are delivered again: readers go back to an earlier offset:      rewind_readers
//   - The log holds a record that is no order:                                append_unreadable
//   - The log's beginning is gone (readers before it say `corrupted`):        trim_log
//   - Power loss: the stores, watermarks and dead letters included, return to
//     what they were at a checkpoint, while the log keeps everything:         checkpoint_stores,
//                                                                             roll_back_stores
// A process that crashes is played by destroying the roles and making new ones over the same
// engine.
class MemoryEngine {
 public:
  // `clock` gives records their log time and outlives the engine.
  explicit MemoryEngine(const Clock& clock, MemoryOptions options = {});
  // Readers and cursors are gone; held completions are called with `cancelled`.
  ~MemoryEngine();
  MemoryEngine(const MemoryEngine&) = delete;
  MemoryEngine& operator=(const MemoryEngine&) = delete;

  OrderLog& order_log();
  OrderStore& order_store();
  SummaryStore& summary_store();
  PreferenceStore& preference_store();
  SettingsStore& settings_store();
  DeadLetters& dead_letters();

  // A reading of the log from the stored watermarks on. Destroyed before the engine.
  Result<std::unique_ptr<OrderLogReader>> open_reader();

  // The next `calls` calls of `call` fail. A call's name is port and function, "order_store.put",
  // "order_log.append", "order_log_reader.poll"; a cursor's is "cursor.next".
  void fail_next(std::string_view call, int calls, Fault fault);

  // Asked before every call that no fail_next() concerns; its answer is the call's fate. Called
  // with the engine unlocked, on the caller's thread. Nothing: no more faults.
  using Decide = std::function<std::optional<Fault>(std::string_view call)>;
  void decide_faults(Decide decide);

  // From now on appends take effect but their completions wait for one of the two below.
  void hold_completions();
  // Calls the first `count` held completions, or all of them and ends the holding.
  void release_completions(std::size_t count);
  void release_completions();
  // Calls all held completions with `timed_out` and may_have_happened, and ends the holding.
  void lose_completions();
  std::size_t held_completions() const;

  // Every live reader of `partition` reads on from `offset`, if it is past it.
  void rewind_readers(LogPartition partition, LogOffset offset);

  LogPosition append_unreadable(LogPartition partition, UnreadableRecord record,
                                RawRecord raw = {});
  void trim_log(LogPartition partition, LogOffset first_kept);

  void checkpoint_stores();
  void roll_back_stores();  // To the last checkpoint, or to new stores when there is none.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace konomi::memory
