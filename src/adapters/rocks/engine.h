#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ports/dead_letters.h"
#include "ports/maintenance.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <cstddef>
#include <filesystem>
#include <memory>

namespace rocksdb {
class Env;
}

namespace konomi::rocks {

struct RocksOptions {
  OrderLog::Limits log_limits;

  std::size_t block_cache_bytes = std::size_t{64} << 20;    // Of both databases together.
  std::size_t write_buffers_bytes = std::size_t{96} << 20;  // Of both databases together.
  int background_threads = 2;                               // Flushes and compactions.

  // What stands between RocksDB and the disk; nothing: the operating system. Tests put a disk there
  // that fills up or forgets. Outlives the engine.
  rocksdb::Env* env = nullptr;
};

// The embedded engine: every port over two RocksDB databases in one directory.
//
//   <directory>/log/      the order log; every commit is fsynced before it is acknowledged
//   <directory>/stores/   everything derived from it; written through to the operating system, so
//                         that a killed process loses nothing, and fsynced now and then. A power
//                         loss may take its last writes, newest first, the watermarks with them:
//                         the log's reader then begins earlier and they are written again.
//
// The ports are safe from every thread, live as long as the engine, and answer `cancelled` after
// close() (the log) or must not be used any more (the stores).
class RocksEngine final : public Maintenance {
 public:
  // Creates what is missing. Errors: `unavailable` when another process has the directory open (the
  // message names the remedy), `invalid_argument` for a format this version does not know,
  // `corrupted` when the log ends before what the stores have read, `storage_full`, and what the
  // disk says. `clock` gives records their log time and outlives the engine.
  static Result<std::unique_ptr<RocksEngine>> open(const std::filesystem::path& directory,
                                                   const Clock& clock, RocksOptions options = {});

  // Closes. Whoever uses the ports has stopped, and readers and cursors are gone.
  ~RocksEngine() override;
  RocksEngine(const RocksEngine&) = delete;
  RocksEngine& operator=(const RocksEngine&) = delete;

  OrderLog& order_log();
  OrderStore& order_store();
  SummaryStore& summary_store();
  PreferenceStore& preference_store();
  SettingsStore& settings_store();
  DeadLetters& dead_letters();

  // A reading of the log from the stored watermark on. Destroyed before the engine.
  Result<std::unique_ptr<OrderLogReader>> open_reader();

  // write_backup() of both databases (adapters/rocks/backup.h).
  Result<BackupFacts> back_up(const std::filesystem::path& directory) override;
  Result<void> purge() override;
  Result<std::uint64_t> trim_log(Timestamp before) override;

  // What RocksDB counts of both databases, and whether they take writes.
  void collect(Samples& samples) const;

  // Takes no more orders, and waits until every queued one is durable and completed, or refused
  // with what the disk said. May be called again.
  void close();

 private:
  struct Parts;
  explicit RocksEngine(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace konomi::rocks
