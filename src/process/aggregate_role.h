#pragma once

#include "aggregate/aggregator.h"
#include "aggregate/retention.h"
#include "process/role.h"
#include "process/shop.h"
#include "process/telemetry.h"

#include <optional>

namespace konomi::process {

// Counts what is stored, and lets go what is older than the settings keep.
class AggregateRole final : public Role {
 public:
  // Both outlive it.
  AggregateRole(const Shop& shop, Telemetry& telemetry);

  void start() override;
  void stop() override;
  const StepThread* thread() const override { return thread_ ? &*thread_ : nullptr; }

  // To count on the calling thread, without start().
  aggregate::Aggregator& aggregator() { return aggregator_; }

 private:
  aggregate::AggregatePorts ports_of(const Shop& shop);

  std::optional<aggregate::Retention> retention_;  // The first shard does it for all.
  aggregate::Aggregator aggregator_;
  std::optional<StepThread> thread_;  // Since start().
};

}  // namespace konomi::process
