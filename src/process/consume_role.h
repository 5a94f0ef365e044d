#pragma once

#include "base/result.h"
#include "consume/consumer.h"
#include "process/role.h"
#include "process/shop.h"
#include "process/telemetry.h"

#include <memory>
#include <optional>

namespace konomi::process {

// Stores what the log holds.
class ConsumeRole final : public Role {
 public:
  // Begins to read the log at the stored watermarks; the errors are the engine's. Both outlive it.
  static Result<std::unique_ptr<ConsumeRole>> open(const Shop& shop, Telemetry& telemetry);

  void start() override;
  void stop() override;
  const StepThread* thread() const override { return thread_ ? &*thread_ : nullptr; }

  // To step by hand without start(), or to ask for its status.
  consume::Consumer& consumer() { return consumer_; }

 private:
  ConsumeRole(const Shop& shop, Telemetry& telemetry, std::unique_ptr<OrderLogReader> reader);

  const std::unique_ptr<OrderLogReader> reader_;
  consume::Consumer consumer_;
  std::optional<StepThread> thread_;  // Since start().
};

}  // namespace konomi::process
