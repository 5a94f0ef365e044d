#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/config.h"
#include "ports/maintenance.h"
#include "ports/order_log.h"
#include "ports/ports.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace konomi::engine {

// The engines of this build.
#ifdef KONOMI_CLUSTER
inline constexpr std::array<config::EngineKind, 2> kEngines = {config::EngineKind::embedded,
                                                               config::EngineKind::cluster};
#else
inline constexpr std::array<config::EngineKind, 1> kEngines = {config::EngineKind::embedded};
#endif

// An engine that is open.
class Engine {
 public:
  virtual ~Engine() = default;  // Closes.

  // A reading of the log from the stored watermarks on. Destroyed before the engine.
  virtual Result<std::unique_ptr<OrderLogReader>> open_reader() = 0;

  // What the engine's libraries count, for a scrape: asks no server.
  virtual void collect(Samples& samples) const = 0;

  // Takes no more orders, and waits until those it took are durable and answered. May be called
  // again.
  virtual void close() = 0;

  const Ports ports;
  // Null: the engine's servers look after their disks themselves.
  Maintenance* const maintenance;
  const std::uint32_t log_partitions;

 protected:
  Engine(const Ports& all, Maintenance* has, std::uint32_t partitions)
      : ports(all), maintenance(has), log_partitions(partitions) {}
};

// What no setting says.
struct OpenOptions {
  bool traces = false;  // Readers of the log look for the trace of each record, which costs time.
};

// Opens the engine that `config` names. The errors name the remedy: `unavailable` when a data
// directory is locked, or servers do not answer; `invalid_argument` when what is there is not as
// this version or `config` wants it. `clock` outlives the engine.
Result<std::unique_ptr<Engine>> open_engine(const config::Config& config, const Clock& clock,
                                            OpenOptions options = {});

// Where the engine keeps its data, for messages: "the directory konomi-data".
std::string place_of_data(const config::Config& config);

// Checks a backup of the embedded engine. `not_found`: there is no backup here; `corrupted` says
// what is damaged.
Result<BackupFacts> check_backup(const std::filesystem::path& backup);
// Copies it to where nothing is, durably.
Result<void> copy_backup(const std::filesystem::path& backup, const std::filesystem::path& to);

// What only the cluster engine has. Each line of an answer is one thing that was found or done.
struct Cluster {
  using Lines = std::vector<std::string>;

  // As open_engine().
  Result<std::unique_ptr<Engine>> (*open)(const config::Config& config, const Clock& clock,
                                          OpenOptions options);
  // What about the topics is not as konomi needs it; empty: nothing.
  Result<Lines> (*check_topics)(const config::Config& config);
  // Makes the topics as `config` says.
  Result<Lines> (*apply_topics)(const config::Config& config);
  // The CQL that apply_schema() runs on an empty cluster.
  Result<std::string> (*print_schema)(const config::Config& config);
  // Makes the keyspace and its tables, or brings them to this version.
  Result<Lines> (*apply_schema)(const config::Config& config);
};

// `invalid_argument`: this build has the embedded engine only.
Result<Cluster> cluster();

}  // namespace konomi::engine
