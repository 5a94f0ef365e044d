#pragma once

#include "adapters/memory/engine.h"
#include "base/clock.h"
#include "base/result.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <cstdint>
#include <memory>

namespace konomi::sim {

// The engine that a run is played over: its ports, and what may happen to it. Everything happens
// within a call, on the calling thread, so that a seed decides about it.
class SimulatedEngine {
 public:
  SimulatedEngine() = default;
  virtual ~SimulatedEngine() = default;
  SimulatedEngine(const SimulatedEngine&) = delete;
  SimulatedEngine& operator=(const SimulatedEngine&) = delete;

  // The same objects for the whole run, also after lose_power().
  virtual OrderLog& order_log() = 0;
  virtual OrderStore& order_store() = 0;
  virtual SummaryStore& summary_store() = 0;
  virtual PreferenceStore& preference_store() = 0;
  virtual SettingsStore& settings_store() = 0;
  virtual DeadLetters& dead_letters() = 0;

  // A reading of the log from the stored watermarks on. Destroyed before the engine.
  virtual Result<std::unique_ptr<OrderLogReader>> open_reader() = 0;

  // The next five do what the functions of memory::MemoryEngine with these names do.
  virtual void decide_faults(memory::MemoryEngine::Decide decide) = 0;
  virtual void hold_completions() = 0;
  virtual void release_completions() = 0;
  virtual void lose_completions() = 0;
  virtual void rewind_readers(LogPartition partition, LogOffset offset) = 0;

  // Appends a record that is no order. False: the log of this engine cannot hold one.
  virtual bool append_unreadable(LogPartition partition, UnreadableRecord record) = 0;

  // What the stores hold now survives a power loss.
  virtual void checkpoint_stores() = 0;

  // What the log acknowledged stays, and of the stores at least what was durable. Readers and
  // cursors are gone before. How many bytes of files were lost; 0 where there are no files.
  virtual std::uint64_t lose_power() = 0;
};

// memory::MemoryEngine, whose log has so many partitions.
std::unique_ptr<SimulatedEngine> make_memory_engine(const Clock& clock,
                                                    std::uint32_t log_partitions);

// rocks::RocksEngine over a support::FaultyDisk in a directory of its own. Its log has one
// partition and waits for the writer with every call. RocksDB flushes on a thread of its own: what
// a power loss takes, and what a broken disk fails beside the call, is not the same each time.
std::unique_ptr<SimulatedEngine> make_rocks_engine(const Clock& clock);

}  // namespace konomi::sim
