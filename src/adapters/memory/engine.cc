#include "adapters/memory/engine.h"

#include "adapters/memory/state.h"
#include "base/assert.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace konomi::memory {

MemoryEngine::MemoryEngine(const Clock& clock, MemoryOptions options)
    : state_(std::make_unique<State>(clock, options)) {}

MemoryEngine::~MemoryEngine() {
  state_->log.complete_held(std::numeric_limits<std::size_t>::max(),
                            fail(ErrorCode::cancelled, "the log is closing"));
}

OrderLog& MemoryEngine::order_log() {
  return state_->log;
}
OrderStore& MemoryEngine::order_store() {
  return state_->order_store;
}
SummaryStore& MemoryEngine::summary_store() {
  return state_->summary_store;
}
PreferenceStore& MemoryEngine::preference_store() {
  return state_->preference_store;
}
SettingsStore& MemoryEngine::settings_store() {
  return state_->settings_store;
}
DeadLetters& MemoryEngine::dead_letters() {
  return state_->dead_letters;
}

Result<std::unique_ptr<OrderLogReader>> MemoryEngine::open_reader() {
  return state_->log.open_reader();
}

void MemoryEngine::fail_next(std::string_view call, int calls, Fault fault) {
  state_->faults.fail_next(call, calls, std::move(fault));
}

void MemoryEngine::decide_faults(Decide decide) {
  state_->faults.decide(std::move(decide));
}

void MemoryEngine::hold_completions() {
  state_->log.hold_completions();
}

void MemoryEngine::release_completions(std::size_t count) {
  state_->log.complete_held(count, {});
}

void MemoryEngine::release_completions() {
  state_->log.stop_holding({});
}

void MemoryEngine::lose_completions() {
  state_->log.stop_holding(std::unexpected(Error{.code = ErrorCode::timed_out,
                                                 .message = "the log's answer was lost",
                                                 .may_have_happened = true}));
}

std::size_t MemoryEngine::held_completions() const {
  return state_->log.held_completions();
}

void MemoryEngine::rewind_readers(LogPartition partition, LogOffset offset) {
  state_->log.rewind_readers(partition, offset);
}

LogPosition MemoryEngine::append_unreadable(LogPartition partition, UnreadableRecord record,
                                            RawRecord raw) {
  return state_->log.append_unreadable(partition, std::move(record), std::move(raw));
}

void MemoryEngine::trim_log(LogPartition partition, LogOffset first_kept) {
  state_->log.trim(partition, first_kept);
}

void MemoryEngine::checkpoint_stores() {
  const MutexLock lock(state_->mutex);
  state_->checkpoint = state_->stores;
}

void MemoryEngine::roll_back_stores() {
  const MutexLock lock(state_->mutex);
  state_->stores = state_->checkpoint;
}

}  // namespace konomi::memory
