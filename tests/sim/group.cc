#include "tests/sim/group.h"

#include <fmt/ranges.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <stop_token>
#include <utility>

namespace konomi::sim {
namespace {

using std::chrono::milliseconds;

// A consumer's reading of its partitions. What the group has decided it learns when it polls, and
// then begins at the stored watermarks: a batch polled before may still be stored by a consumer
// that is no owner any more.
class GroupReader final : public OrderLogReader {
 public:
  GroupReader(SimulatedEngine& engine, const Assignment& assignment, int consumer)
      : engine_(engine), assignment_(assignment), consumer_(consumer) {}

  Result<std::vector<LogRecord>> poll(std::size_t records_max, milliseconds wait,
                                      std::stop_token stop) override {
    if (!reader_ || generation_ != assignment_.generation) {
      KONOMI_TRY(reader_, engine_.open_reader());
      generation_ = assignment_.generation;
      owners_ = assignment_.owners;
    }
    while (true) {
      KONOMI_TRY(auto records, reader_->poll(records_max, wait, stop));
      if (records.empty()) return records;
      std::erase_if(records, [&](const LogRecord& r) { return !owns(r.position.partition); });
      if (!records.empty()) return records;
    }
  }
  Result<RawRecord> raw(const LogPosition& position) override { return reader_->raw(position); }
  Result<std::map<LogPartition, LogOffset>> read_to_end() override {
    KONOMI_TRY(auto ends, reader_->read_to_end());
    std::erase_if(ends, [&](const auto& end) { return !owns(end.first); });
    return ends;
  }
  Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) override {
    return reader_->commit(next_offsets);
  }

 private:
  bool owns(LogPartition partition) const { return owners_[partition.value()] == consumer_; }

  SimulatedEngine& engine_;
  const Assignment& assignment_;
  const int consumer_;
  std::unique_ptr<OrderLogReader> reader_;
  int generation_ = 0;
  std::vector<int> owners_;
};

}  // namespace

consume::ConsumerOptions Group::options() const {
  const Setting& setting = world_.setting;
  return {.records_max = static_cast<std::size_t>(7),
          .poll_wait = milliseconds(0),
          .unknown_menu_types =
              setting.refuses_types() ? UnknownMenuTypes::refuse : UnknownMenuTypes::accept,
          // At the end the operator lets everything pass.
          .poison_percent_max = std::uint64_t{faults_.are_off() ? 100U : 50U},
          .poison_records_min = static_cast<std::size_t>(setting.holds_batches ? 3 : 20)};
}

void Group::start(int number) {
  Process& started = process(number);
  if (started.consumer) return;
  started.reader = std::make_unique<GroupReader>(*world_.engine, assignment_, number);
  started.consumer = std::make_unique<consume::Consumer>(
      consume::ConsumerPorts{*started.reader, planted_.order_store(), world_.engine->dead_letters(),
                             planted_.settings_store()},
      world_.calendar, world_.setting.bucket_count, world_.metrics, world_.clock, options());
}

Result<std::size_t> Group::step(int number) {
  faults_.begin_step();
  const int before = std::exchange(active_, number);
  start(number);
  auto stored = planted_.step(*process(number).consumer, *process(number).reader);
  active_ = before;
  if (stored) {
    world_.chronicle.say("consumer {} consumed {}", number, *stored);
  } else {
    world_.chronicle.say("consumer {} failed: {}", number, stored.error().message);
    if (stored.error().message.contains("fail alike")) world_.chronicle.happened("batch held");
  }
  if (faults_.end_step()) kill(number);
  return stored;
}

std::optional<int> Group::idle_consumer(int number) const {
  if (number != active_) return number;
  if (world_.setting.consumers == 1) return std::nullopt;
  return (number + 1) % world_.setting.consumers;
}

void Group::kill_all() {
  for (Process& process : processes_) process = {};
}

void Group::share_out() {
  assignment_.owners.clear();
  for (std::uint32_t i = 0; i < world_.setting.log_partitions; ++i)
    assignment_.owners.push_back(world_.dice.between(0, world_.setting.consumers - 1));
}

void Group::rebalance() {
  ++assignment_.generation;
  share_out();
  world_.chronicle.say("rebalance: {}", fmt::join(assignment_.owners, " "));
  world_.chronicle.happened("rebalance");
}

void Group::rewind() {
  const LogPartition partition(static_cast<std::uint32_t>(
      world_.dice.between(0, static_cast<int>(world_.setting.log_partitions) - 1)));
  world_.engine->rewind_readers(partition,
                                LogOffset(static_cast<std::uint64_t>(world_.dice.between(0, 20))));
  world_.chronicle.say("records come again");
  world_.chronicle.happened("redelivery");
}

}  // namespace konomi::sim
