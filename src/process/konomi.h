#pragma once

#include "aggregate/aggregator.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/trace.h"
#include "config/load.h"
#include "export/export.h"
#include "http/observer.h"
#include "http/router.h"
#include "ports/ports.h"
#include "process/process_handlers.h"
#include "verify/scope.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace konomi::process {

// konomi without its HTTP server: the engine, and over it the roles that the configuration names.
// One thread makes, starts and stops it.
class Konomi {
 public:
  // Opens the engine, and checks that its data was made with the same time zone, start of day and
  // bucket count as `config` has. Errors: those of open_engine(), and `invalid_argument` for other
  // settings; each message names the remedy. `clock` outlives the object.
  static Result<std::unique_ptr<Konomi>> open(const config::LoadedConfig& config,
                                              const Clock& clock);
  ~Konomi();  // Stops.
  Konomi(const Konomi&) = delete;
  Konomi& operator=(const Konomi&) = delete;

  // From now on what is in the log is stored and counted by threads of this object, as far as that
  // is among its roles. Call once, and not together with the two below.
  void start();

  // Fills `router` with everything that its roles answer, and the probes of the process. The router
  // must not be used after this object has stopped.
  void register_routes(http::Router& router);

  // What is counted, for those that stand around this object. Lives as long as it.
  Metrics& metrics();

  // What this process needs to serve: its log, its stores, its roles, and that it does not stop.
  // Quick, whatever hangs. From every thread.
  std::vector<Check> checks() const;

  // Whether its roles make steps; a role that has ended by itself does not count, for a restart
  // would not mend what ended it. Quick. From every thread.
  Result<void> alive() const;

  // Counts for /metrics what the server answers. Lives as long as this object.
  http::Observer& http_observer();
  // Makes the spans of this process, as the OTEL_* variables say. Lives as long as this object.
  Tracer& tracer();
  // `count` is called with every scrape, so while the server answers.
  void watch_connections(std::function<std::size_t()> count);

  // Stores what still waits in the log; how many orders that were. Without start(), and with the
  // role consume.
  Result<std::uint64_t> store_waiting(std::stop_token stop);

  // Counts on the calling thread. Without start(), and with the role aggregate.
  aggregate::Aggregator& aggregator();

  // What a verification of this konomi's data needs.
  verify::VerifyPorts verify_ports();
  verify::VerifyOptions verify_options() const;
  const BusinessCalendar& calendar() const;

  const Ports& ports() const;

  // What an export of it needs.
  exporting::ExportPorts export_ports();
  BucketCount bucket_count() const;

  // From now on it is not ready, and still serves.
  void announce_stop();

  // Ends answers that take long. Before the HTTP server is stopped.
  void stop_long_answers();

  // Takes no more orders, waits until those it took are durable and answered, and ends the threads;
  // what is not stored or counted yet is so after the next start. The HTTP server has stopped
  // before. May be called again.
  void stop();

 private:
  struct Parts;
  explicit Konomi(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace konomi::process
