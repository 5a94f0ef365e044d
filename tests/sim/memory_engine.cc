#include "tests/sim/engine.h"

#include <utility>

namespace konomi::sim {
namespace {

class SimulatedMemory final : public SimulatedEngine {
 public:
  SimulatedMemory(const Clock& clock, std::uint32_t log_partitions)
      : engine_(clock, {.log_partitions = log_partitions}) {}

  OrderLog& order_log() override { return engine_.order_log(); }
  OrderStore& order_store() override { return engine_.order_store(); }
  SummaryStore& summary_store() override { return engine_.summary_store(); }
  PreferenceStore& preference_store() override { return engine_.preference_store(); }
  SettingsStore& settings_store() override { return engine_.settings_store(); }
  DeadLetters& dead_letters() override { return engine_.dead_letters(); }
  Result<std::unique_ptr<OrderLogReader>> open_reader() override { return engine_.open_reader(); }

  void decide_faults(memory::MemoryEngine::Decide decide) override {
    engine_.decide_faults(std::move(decide));
  }
  void hold_completions() override { engine_.hold_completions(); }
  void release_completions() override { engine_.release_completions(); }
  void lose_completions() override { engine_.lose_completions(); }
  void rewind_readers(LogPartition partition, LogOffset offset) override {
    engine_.rewind_readers(partition, offset);
  }
  bool append_unreadable(LogPartition partition, UnreadableRecord record) override {
    engine_.append_unreadable(partition, std::move(record));
    return true;
  }
  void checkpoint_stores() override { engine_.checkpoint_stores(); }
  std::uint64_t lose_power() override {
    engine_.roll_back_stores();
    return 0;
  }

 private:
  memory::MemoryEngine engine_;
};

}  // namespace

std::unique_ptr<SimulatedEngine> make_memory_engine(const Clock& clock,
                                                    std::uint32_t log_partitions) {
  return std::make_unique<SimulatedMemory>(clock, log_partitions);
}

}  // namespace konomi::sim
