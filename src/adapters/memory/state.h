#pragma once

#include "adapters/memory/engine.h"
#include "adapters/memory/faults.h"
#include "adapters/memory/order_log.h"
#include "adapters/memory/stores.h"
#include "base/mutex.h"

namespace konomi::memory {

struct MemoryEngine::State {
  State(const Clock& clock, const MemoryOptions& options)
      : log(clock, options, faults, [this] { return stored_up_to(); }),
        order_store(mutex, stores, faults),
        summary_store(mutex, stores, faults),
        preference_store(mutex, stores, faults),
        settings_store(mutex, stores, faults),
        dead_letters(mutex, stores, faults) {}

  std::map<LogPartition, LogOffset> stored_up_to() {
    const MutexLock lock(mutex);
    std::map<LogPartition, LogOffset> next_offsets;
    for (const auto& [partition, watermark] : stores.watermarks)
      next_offsets.emplace(partition, watermark.next_offset);
    return next_offsets;
  }

  Faults faults;
  Mutex mutex;
  Stores stores;      // Guarded by mutex.
  Stores checkpoint;  // Guarded by mutex.
  MemoryOrderLog log;
  MemoryOrderStore order_store;
  MemorySummaryStore summary_store;
  MemoryPreferenceStore preference_store;
  MemorySettingsStore settings_store;
  MemoryDeadLetters dead_letters;
};

}  // namespace konomi::memory
