#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "domain/ids.h"
#include "domain/menu_type.h"
#include "ingest/probe.h"
#include "ports/settings_store.h"

#include <boost/smart_ptr/atomic_shared_ptr.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace konomi::ingest {

// Decides which menu types may enter the log, by a view of the catalogue that is at most about a
// second old. Safe from every thread.
class MenuTypeGate {
 public:
  struct Rules {
    UnknownMenuTypes unknown = UnknownMenuTypes::accept;
    std::size_t menu_types_max = kMenuTypesMaxDefault;  // Types in the catalogue altogether.
  };

  // Reads the catalogue once, and hands up the store's error when that fails. `store` and `metrics`
  // outlive the gate.
  static Result<std::unique_ptr<MenuTypeGate>> open(SettingsStore& store, Rules rules,
                                                    Metrics& metrics);
  ~MenuTypeGate();

  // What one request sees. Take one per request, not per order: it pins the catalogue as it is now.
  class View {
   public:
    // Why an order of this type is refused, or nothing. A type that is not in the catalogue but is
    // let in counts against the bound from now on, as the consumer will add it.
    std::optional<std::string> refusal(const MenuType& type) const;

   private:
    friend class MenuTypeGate;
    using Catalogue = std::unordered_set<MenuType>;
    View(MenuTypeGate& gate, boost::shared_ptr<const Catalogue> known)
        : gate_(gate), known_(std::move(known)) {}

    MenuTypeGate& gate_;
    boost::shared_ptr<const Catalogue> known_;
  };
  View view();

  // Reads the catalogue again. Blocking. On an error the last view stays in force.
  Result<void> refresh();

  // Refreshes on a thread of its own, each time `every` has passed, until stop(). Call it once.
  void start(std::chrono::milliseconds every = std::chrono::seconds(1));

  // Ends the thread and waits for it. May be called again, and without start().
  void stop();

 private:
  MenuTypeGate(SettingsStore& store, Rules rules, Metrics& metrics);

  std::optional<std::string> refusal_of_unknown(const MenuType& type);
  void run(std::chrono::milliseconds every);

  SettingsStore& store_;
  const Rules rules_;
  MenuTypeProbe probe_;
  boost::atomic_shared_ptr<const View::Catalogue> known_;  // Replaced under mutex_.

  Mutex mutex_;
  // Let in, and not seen in the catalogue when it was last read.
  std::unordered_set<MenuType> admitted_ KONOMI_GUARDED_BY(mutex_);
  std::size_t catalogue_size_ KONOMI_GUARDED_BY(mutex_) = 0;
  bool stopping_ KONOMI_GUARDED_BY(mutex_) = false;
  ConditionVariable stop_requested_;

  std::jthread refresher_;
};

}  // namespace konomi::ingest
