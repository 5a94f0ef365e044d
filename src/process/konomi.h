#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/load.h"
#include "process/engine_watch.h"
#include "process/process_handlers.h"
#include "process/role.h"
#include "process/shop.h"
#include "process/telemetry.h"
#include "rest/router.h"

#include <atomic>
#include <memory>
#include <vector>

namespace konomi::process {

// konomi without its HTTP server: a shop, and over it the roles that the configuration names. One
// thread makes, starts and stops it.
class Konomi {
 public:
  // Errors are those of Shop::open() and of the roles; each message names the remedy. `clock`
  // outlives the object.
  static Result<std::unique_ptr<Konomi>> open(const config::LoadedConfig& config,
                                              const Clock& clock);
  ~Konomi();  // Stops.
  Konomi(const Konomi&) = delete;
  Konomi& operator=(const Konomi&) = delete;

  // From now on what is in the log is stored and counted by threads of this object, as far as that
  // is among its roles. Call once.
  void start();

  // Fills `router` with everything that its roles answer, and the probes of the process. The router
  // must not be used after this object has stopped.
  void register_routes(rest::Router& router);

  // What this process needs to serve: its log, its stores, its roles, and that it does not stop.
  // Quick, whatever hangs. From every thread.
  std::vector<Check> checks() const;

  // Whether its roles make steps; a role that has ended by itself does not count, for a restart
  // would not mend what ended it. Quick. From every thread.
  Result<void> alive() const;

  // From now on it is not ready, and still serves.
  void announce_stop() { stopping_ = true; }

  // Ends answers that take long. Before the HTTP server is stopped.
  void end_long_answers();

  // Takes no more orders, waits until those it took are durable and answered, and ends the threads;
  // what is not stored or counted yet is so after the next start. The HTTP server has stopped
  // before. May be called again.
  void stop();

  // Both live as long as this object.
  const Shop& shop() const { return *shop_; }
  Telemetry& telemetry() { return *telemetry_; }

 private:
  Konomi(std::unique_ptr<Shop> shop, std::unique_ptr<Telemetry> telemetry);

  Result<void> make_roles();
  void collect(Samples& samples);

  const std::unique_ptr<Telemetry> telemetry_;
  const std::unique_ptr<Shop> shop_;
  ProcessHandlers handlers_;
  std::vector<std::unique_ptr<Role>> roles_;  // In the order of an order's way.
  std::unique_ptr<EngineWatch> watch_;

  std::atomic<bool> stopping_ = false;
};

}  // namespace konomi::process
