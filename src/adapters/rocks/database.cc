#include "adapters/rocks/database.h"

#include "adapters/rocks/status.h"
#include "base/log.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/listener.h>

#include <array>
#include <chrono>
#include <utility>

namespace konomi::rocks {
namespace {

// Opening replays and flushes what the write-ahead log holds; with less room than this it would
// fail again.
constexpr std::uint64_t kFreeBytesToMend = std::uint64_t{64} << 20;
constexpr std::chrono::milliseconds kWaitForReaders{500};

// Notes errors of flushes and compactions, which no caller sees.
class ErrorListener final : public rocksdb::EventListener {
 public:
  ErrorListener(std::string path, std::shared_ptr<std::atomic<bool>> broken)
      : path_(std::move(path)), broken_(std::move(broken)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* status) override {
    if (!broken_->exchange(true))
      log_error("{} takes no writes for now: {}", path_, status->ToString());
  }

 private:
  const std::string path_;
  const std::shared_ptr<std::atomic<bool>> broken_;
};

struct Ticker {
  const char* name;
  const char* help;
  rocksdb::Tickers ticker;
  double unit = 1;
};
constexpr std::array kTickers = {
    Ticker{"konomi_rocksdb_wal_syncs_total", "Fsyncs of the write-ahead log",
           rocksdb::WAL_FILE_SYNCED},
    Ticker{"konomi_rocksdb_wal_written_bytes_total", "Bytes written to the write-ahead log",
           rocksdb::WAL_FILE_BYTES},
    Ticker{"konomi_rocksdb_write_stall_seconds_total", "Time that writes waited for compactions",
           rocksdb::STALL_MICROS, 1e-6},
    Ticker{"konomi_rocksdb_flushed_bytes_total", "Bytes written by flushes",
           rocksdb::FLUSH_WRITE_BYTES},
    Ticker{"konomi_rocksdb_compaction_written_bytes_total", "Bytes written by compactions",
           rocksdb::COMPACT_WRITE_BYTES},
    Ticker{"konomi_rocksdb_block_cache_hits_total", "Blocks found in the cache",
           rocksdb::BLOCK_CACHE_HIT},
    Ticker{"konomi_rocksdb_block_cache_misses_total", "Blocks read from files",
           rocksdb::BLOCK_CACHE_MISS},
};

struct Property {
  const char* name;
  const char* help;
  const char* property;
};
constexpr std::array kProperties = {
    Property{"konomi_rocksdb_memtables_bytes", "Memory of all memtables",
             "rocksdb.size-all-mem-tables"},
    Property{"konomi_rocksdb_block_cache_bytes",
             "Memory of the block cache, which both databases share", "rocksdb.block-cache-usage"},
    Property{"konomi_rocksdb_estimated_keys", "Rows, as RocksDB estimates them",
             "rocksdb.estimate-num-keys"},
    Property{"konomi_rocksdb_files_bytes", "Size of the table files",
             "rocksdb.live-sst-files-size"},
    Property{"konomi_rocksdb_pending_compaction_bytes",
             "Bytes that compactions have yet to rewrite",
             "rocksdb.estimate-pending-compaction-bytes"},
    Property{"konomi_rocksdb_writes_stopped", "Families that take no writes until compacted",
             "rocksdb.is-write-stopped"},
};

Error open_error(const std::string& path, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const bool is_locked = text.find("While lock file") != std::string::npos ||
                         text.find("lock hold by current process") != std::string::npos;
  if (status.IsIOError() && is_locked) {
    return {.code = ErrorCode::unavailable,
            .message = fmt::format("{} is open in another process; stop it, or talk to the running "
                                   "konomi with --url",
                                   path)};
  }
  constexpr std::string_view kUnknownFamilies = "Column families not opened: ";
  if (const std::size_t at = text.find(kUnknownFamilies); at != std::string::npos) {
    return {.code = ErrorCode::invalid_argument,
            .message = fmt::format("{} was written by a later konomi: this one does not know {}; "
                                   "use the konomi that wrote it, or another directory",
                                   path, text.substr(at + kUnknownFamilies.size()))};
  }
  return error_of(status, fmt::format("cannot open {}", path));
}

}  // namespace

OpenDatabase::OpenDatabase(std::shared_ptr<Openings> openings) : openings_(std::move(openings)) {
  const MutexLock lock(openings_->mutex);
  ++openings_->count;
}

OpenDatabase::~OpenDatabase() {
  if (db_ != nullptr) {
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
    if (const rocksdb::Status status = db_->Close(); !status.ok() && !is_broken())
      log_error("closing {}: {}", db_->GetName(), status.ToString());
    db_.reset();
  }
  const MutexLock lock(openings_->mutex);
  --openings_->count;
  openings_->closed.notify_all();
}

Result<void> OpenDatabase::write(rocksdb::WriteBatch& batch, Durability durability) const {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) return {};
  if (!broken_->exchange(true))
    log_error("{} takes no writes for now: {}", db_->GetName(), status.ToString());
  return std::unexpected(write_error_of(status, fmt::format("cannot write to {}", db_->GetName())));
}

Result<void> OpenDatabase::sync() const {
  const rocksdb::Status status = db_->SyncWAL();
  if (status.ok()) return {};
  return std::unexpected(error_of(status, fmt::format("cannot sync {}", db_->GetName())));
}

Result<void> OpenDatabase::purge(std::span<const std::size_t> families,
                                 const std::optional<std::string>& end) const {
  const std::string what =
      fmt::format("cannot take removed rows off the disk in {}", db_->GetName());
  const rocksdb::Slice limit = end ? rocksdb::Slice(*end) : rocksdb::Slice();
  if (const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(), families_); !status.ok())
    return std::unexpected(error_of(status, what));
  rocksdb::CompactRangeOptions options;
  // Also files that no deletion lies above: what was moved there whole may hold old bytes.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.exclusive_manual_compaction = false;
  for (const std::size_t family : families) {
    const rocksdb::Status status =
        db_->CompactRange(options, families_[family], nullptr, end ? &limit : nullptr);
    if (!status.ok()) return std::unexpected(error_of(status, what));
  }
  return {};
}

Result<std::unique_ptr<Database>> Database::open(std::string path, rocksdb::DBOptions options,
                                                 std::vector<Family> families) {
  std::unique_ptr<Database> database(
      new Database(std::move(path), std::move(options), std::move(families)));
  const MutexLock lock(database->mutex_);
  KONOMI_TRY(database->current_, database->open_now());
  return database;
}

Result<std::shared_ptr<const OpenDatabase>> Database::open_now() {
  std::shared_ptr<OpenDatabase> opened(new OpenDatabase(openings_));
  opened->broken_ = std::make_shared<std::atomic<bool>>(false);
  opened->generation_ = ++generation_;

  rocksdb::DBOptions options = options_;
  options.statistics = statistics_;
  options.listeners.push_back(std::make_shared<ErrorListener>(path_, opened->broken_));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const Family& family : families_) descriptors.emplace_back(family.name, family.options);

  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path_, descriptors, &opened->families_, &db);
  if (!status.ok()) {
    opened->families_.clear();
    return std::unexpected(open_error(path_, status));
  }
  opened->db_.reset(db);
  return std::shared_ptr<const OpenDatabase>(std::move(opened));
}

Result<void> Database::mend() {
  std::uint64_t free_bytes = 0;
  const rocksdb::Status asked = options_.env->GetFileSystem()->GetFreeSpace(
      path_, rocksdb::IOOptions(), &free_bytes, nullptr);
  if (asked.ok() && free_bytes < kFreeBytesToMend) {
    return fail(ErrorCode::storage_full,
                fmt::format("{} has {} bytes of free space; expected at least {}: make room, and "
                            "konomi goes on by itself",
                            path_, free_bytes, kFreeBytesToMend));
  }
  KONOMI_CHECK_OK(close_current());
  KONOMI_TRY(current_, open_now());
  log_info("{} takes writes again", path_);
  return {};
}

Result<void> Database::close_current() {
  // New readers wait for mutex_; the others finish what they do, or let go at their next row.
  const std::weak_ptr<const OpenDatabase> held = current_;
  current_.reset();
  const auto until = std::chrono::steady_clock::now() + kWaitForReaders;
  {
    const MutexLock lock(openings_->mutex);
    while (openings_->count != 0 && openings_->closed.wait_until(openings_->mutex, until)) {
    }
    if (openings_->count == 0) return {};
  }
  current_ = held.lock();
  return fail(ErrorCode::unavailable,
              fmt::format("{} is about to be opened again after a failed write, but somebody still "
                          "reads from it",
                          path_));
}

Result<std::shared_ptr<const OpenDatabase>> Database::readable() {
  const MutexLock lock(mutex_);
  if (current_ == nullptr) KONOMI_CHECK_OK(mend());
  return current_;
}

Result<std::shared_ptr<const OpenDatabase>> Database::writable() {
  const MutexLock lock(mutex_);
  if (current_ == nullptr || current_->is_broken()) KONOMI_CHECK_OK(mend());
  return current_;
}

void Database::collect(Samples& samples, const std::string& name) {
  const Samples::Labels labels{{"database", name}};
  std::shared_ptr<const OpenDatabase> open;
  {
    const MutexLock lock(mutex_);
    open = current_;
  }
  samples.gauge("konomi_rocksdb_takes_writes", "0 after a write failed, until it was opened anew",
                open != nullptr && !open->is_broken() ? 1 : 0, labels);
  for (const Ticker& ticker : kTickers) {
    samples.counter(ticker.name, ticker.help,
                    static_cast<double>(statistics_->getTickerCount(ticker.ticker)) * ticker.unit,
                    labels);
  }
  if (open == nullptr) return;
  for (const Property& property : kProperties) {
    std::uint64_t value = 0;
    if (open->db().GetAggregatedIntProperty(property.property, &value))
      samples.gauge(property.name, property.help, static_cast<double>(value), labels);
  }
}

Result<void> Database::write(rocksdb::WriteBatch& batch, Durability durability) {
  KONOMI_TRY(const auto open, writable());
  return open->write(batch, durability);
}

}  // namespace konomi::rocks
