#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/config.h"
#include "ports/backup_facts.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

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

// Every port, over one engine. The ports are safe from every thread and live as long as it does.
class Engine {
 public:
  virtual ~Engine() = default;  // Closes.

  virtual OrderLog& order_log() = 0;
  virtual OrderStore& order_store() = 0;
  virtual SummaryStore& summary_store() = 0;
  virtual PreferenceStore& preference_store() = 0;
  virtual SettingsStore& settings_store() = 0;
  virtual DeadLetters& dead_letters() = 0;

  // A reading of the log from the stored watermarks on. Destroyed before the engine.
  virtual Result<std::unique_ptr<OrderLogReader>> open_reader() = 0;

  virtual std::uint32_t log_partitions() const = 0;

  // Writes a checked backup to `directory`, which is not there yet, while the engine is in use:
  // every order acknowledged before is in it. On an error what was written may lie there in part.
  // `invalid_argument` from an engine whose servers have backups of their own.
  virtual Result<BackupFacts> back_up(const std::filesystem::path& directory) = 0;

  // What the engine's libraries count, for a scrape: asks no server.
  virtual void collect(Samples& samples) const = 0;

  // Takes the bytes of erased users off the disk, as far as that is konomi's to do: on a cluster
  // Kafka's retention and Cassandra's compaction do it.
  virtual Result<void> purge() = 0;

  // Removes from the log what was logged before this instant and is stored; how many orders. On a
  // cluster that is the topic's retention, which `konomi topics apply` sets: nothing is done.
  virtual Result<std::uint64_t> trim_log(Timestamp before) = 0;

  // Takes no more orders, and waits until those it took are durable and answered. May be called
  // again.
  virtual void close() = 0;
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

// Of backups of the embedded engine. `not_found`: it is none; `corrupted` says what is damaged.
Result<BackupFacts> check_backup(const std::filesystem::path& backup);
// Copies it to where nothing is, durably.
Result<void> copy_backup(const std::filesystem::path& backup, const std::filesystem::path& to);

// What only the cluster engine has. Each line of an answer is one thing that was found or done.

Result<std::unique_ptr<Engine>> open_cluster_engine(const config::Config& config,
                                                    const Clock& clock, OpenOptions options);

// What about the topics is not as konomi needs it; empty: nothing.
Result<std::vector<std::string>> check_topics(const config::Config& config);

// Makes the topics as `config` says.
Result<std::vector<std::string>> apply_topics(const config::Config& config);

// The CQL that apply_schema() runs on an empty cluster.
Result<std::string> print_schema(const config::Config& config);

// Makes the keyspace and its tables, or brings them to this version.
Result<std::vector<std::string>> apply_schema(const config::Config& config);

}  // namespace konomi::engine
