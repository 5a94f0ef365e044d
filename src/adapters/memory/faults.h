#pragma once

#include "adapters/memory/engine.h"
#include "base/mutex.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::memory {

// Decides what each call suffers.
class Faults {
 public:
  void fail_next(std::string_view call, int calls, Fault fault) {
    const MutexLock lock(mutex_);
    planned_[std::string(call)] = {calls, std::move(fault)};
  }

  void decide(MemoryEngine::Decide decide) {
    const MutexLock lock(mutex_);
    decide_ = decide ? std::make_shared<const MemoryEngine::Decide>(std::move(decide)) : nullptr;
  }

  std::optional<Fault> of(std::string_view call) {
    std::shared_ptr<const MemoryEngine::Decide> decide;
    {
      const MutexLock lock(mutex_);
      const auto found = planned_.find(call);
      if (found != planned_.end() && found->second.first > 0) {
        --found->second.first;
        return found->second.second;
      }
      decide = decide_;
    }
    return decide ? (*decide)(call) : std::nullopt;
  }

  // Runs `effect`, which returns a Result, or does not, as the call's fault says.
  template <class Effect>
  auto run(std::string_view call, Effect effect) -> decltype(effect()) {
    std::optional<Fault> fault = of(call);
    if (!fault) return effect();
    if (fault->after_effect) {
      if (auto done = effect(); !done) return done;
      fault->error.may_have_happened = true;
    }
    return std::unexpected(std::move(fault->error));
  }

 private:
  Mutex mutex_;
  std::map<std::string, std::pair<int, Fault>, std::less<>> planned_ KONOMI_GUARDED_BY(mutex_);
  std::shared_ptr<const MemoryEngine::Decide> decide_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::memory
