#include "adapters/rocks/engine.h"

#include "adapters/rocks/backup.h"
#include "adapters/rocks/database.h"
#include "adapters/rocks/dead_letters.h"
#include "adapters/rocks/info_log.h"
#include "adapters/rocks/log_reader.h"
#include "adapters/rocks/order_log.h"
#include "adapters/rocks/order_store.h"
#include "adapters/rocks/preference_store.h"
#include "adapters/rocks/settings_store.h"
#include "adapters/rocks/stores.h"
#include "adapters/rocks/summary_store.h"
#include "encoding/values.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::uint64_t kFormatVersion = 1;

// Keys of the stores come in no order, and a memtable of this size stays in the processor's cache;
// larger ones were measured at half the rate.
constexpr std::size_t kStoreWriteBufferBytes = std::size_t{8} << 20;
// The log's keys ascend: a larger memtable only means fewer flushes.
constexpr std::size_t kLogWriteBufferBytes = std::size_t{16} << 20;
// Bounds how much is read again after a crash.
constexpr std::size_t kWriteAheadLogBytesMax = std::size_t{128} << 20;

// What both databases share.
struct Resources {
  rocksdb::Env* env;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

rocksdb::DBOptions database_options(const Resources& resources, const RocksOptions& options) {
  rocksdb::DBOptions out;
  out.create_if_missing = true;
  out.create_missing_column_families = true;
  out.env = resources.env;
  out.write_buffer_manager = resources.write_buffers;
  out.max_background_jobs = options.background_threads;
  out.max_total_wal_size = kWriteAheadLogBytesMax;
  out.info_log = make_info_log();
  out.max_open_files = 512;
  // Errors are mended by opening again (see Database), not behind our back.
  out.max_bgerror_resume_count = 0;
  return out;
}

rocksdb::ColumnFamilyOptions family_options(const Resources& resources) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = resources.cache;
  table.block_size = std::size_t{16} << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  out.write_buffer_size = kStoreWriteBufferBytes;
  out.level_compaction_dynamic_level_bytes = true;
  out.max_bytes_for_level_base = std::uint64_t{64} << 20;
  out.target_file_size_base = std::uint64_t{16} << 20;
  out.compression = rocksdb::kLZ4Compression;
  return out;
}

Result<void> make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return {};
  const bool is_full =
      error == std::errc::no_space_on_device || error == std::errc::read_only_file_system;
  return fail(is_full ? ErrorCode::storage_full : ErrorCode::unavailable,
              fmt::format("cannot create {}: {}", directory.string(), error.message()));
}

// Stores the format's version in a new database, and refuses one that this konomi does not know.
// `is_new` becomes whether the database is new.
Result<void> check_format(Database& database, bool& is_new) {
  KONOMI_TRY(const auto stored, read_row(database, kSettings, kFormatVersionKey));
  is_new = !stored;
  if (is_new) return {};
  const auto version = encoding::decode_number(*stored);
  if (version && *version == kFormatVersion) return {};
  const std::string found = version ? fmt::format("{}", *version) : std::string("unreadable");
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} has format version {}; this konomi reads {}: use the konomi that "
                          "wrote it, or another directory",
                          database.path(), found, kFormatVersion));
}

Result<void> begin_log(Database& database) {
  bool is_new = false;
  KONOMI_CHECK_OK(check_format(database, is_new));
  if (!is_new) return {};
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database));
  rows.put(kSettings, kFormatVersionKey, encoding::encode_number(kFormatVersion));
  return rows.commit(Durability::synced);
}

Result<void> begin_stores(Database& database) {
  bool is_new = false;
  KONOMI_CHECK_OK(check_format(database, is_new));
  if (!is_new) return {};
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database));
  for (const MenuTypeEntry& entry : initial_menu_types())
    rows.put(kMenuTypes, entry.id.value(), encoding::encode_menu_type(entry));
  rows.put(kSettings, kFormatVersionKey, encoding::encode_number(kFormatVersion));
  return rows.commit(Durability::synced);
}

}  // namespace

struct RocksEngine::Parts {
  Parts(std::unique_ptr<Database> log_db, std::unique_ptr<Database> stores_db)
      : log_database(std::move(log_db)),
        stores(std::move(stores_db)),
        order_store(*stores),
        summary_store(*stores),
        preference_store(*stores),
        settings_store(*stores),
        dead_letters(*stores) {}

  std::unique_ptr<Database> log_database;
  std::unique_ptr<Database> stores;
  RocksOrderStore order_store;
  RocksSummaryStore summary_store;
  RocksPreferenceStore preference_store;
  RocksSettingsStore settings_store;
  RocksDeadLetters dead_letters;
  std::unique_ptr<RocksOrderLog> order_log;
  Mutex trimming;  // Held while the log is trimmed, and while a backup copies stores and log.
};

Result<std::unique_ptr<RocksEngine>> RocksEngine::open(const std::filesystem::path& directory,
                                                       const Clock& clock, RocksOptions options) {
  KONOMI_CHECK_OK(make_directory(directory));
  Resources resources;
  resources.env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  resources.cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  resources.write_buffers =
      std::make_shared<rocksdb::WriteBufferManager>(options.write_buffers_bytes);
  const rocksdb::DBOptions database = database_options(resources, options);
  const rocksdb::ColumnFamilyOptions family = family_options(resources);

  KONOMI_TRY(auto log_database, Database::open((directory / "log").string(), database,
                                               log_families(family, kLogWriteBufferBytes)));
  KONOMI_CHECK_OK(begin_log(*log_database));
  KONOMI_TRY(auto stores,
             Database::open((directory / "stores").string(), database, store_families(family)));
  KONOMI_CHECK_OK(begin_stores(*stores));

  auto parts = std::make_unique<Parts>(std::move(log_database), std::move(stores));
  KONOMI_TRY(parts->order_log,
             RocksOrderLog::open(*parts->log_database, clock, {.in_flight = options.log_limits}));
  std::unique_ptr<RocksEngine> engine(new RocksEngine(std::move(parts)));
  // Appending to a log that ends too early would give new orders the offsets of old ones.
  KONOMI_TRY(const auto reader, engine->open_reader());
  return engine;
}

RocksEngine::RocksEngine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RocksEngine::~RocksEngine() {
  close();
}

OrderLog& RocksEngine::order_log() {
  return *parts_->order_log;
}
OrderStore& RocksEngine::order_store() {
  return parts_->order_store;
}
SummaryStore& RocksEngine::summary_store() {
  return parts_->summary_store;
}
PreferenceStore& RocksEngine::preference_store() {
  return parts_->preference_store;
}
SettingsStore& RocksEngine::settings_store() {
  return parts_->settings_store;
}
DeadLetters& RocksEngine::dead_letters() {
  return parts_->dead_letters;
}

Result<std::unique_ptr<OrderLogReader>> RocksEngine::open_reader() {
  KONOMI_TRY(const auto watermarks, parts_->order_store.watermarks());
  const auto found = watermarks.find(LogPartition(0));
  const LogOffset start = found == watermarks.end() ? LogOffset(0) : found->second.next_offset;
  const LogOffset end = parts_->order_log->end();
  if (start > end) {
    return fail(ErrorCode::corrupted,
                fmt::format("{} ends at offset {}, but {} has read up to {}: put back the log that "
                            "belongs to it",
                            parts_->log_database->path(), end.value(), parts_->stores->path(),
                            start.value()));
  }
  return std::unique_ptr<OrderLogReader>(
      std::make_unique<RocksOrderLogReader>(*parts_->log_database, *parts_->order_log, start));
}

Result<BackupFacts> RocksEngine::back_up(const std::filesystem::path& directory) {
  return write_backup(*parts_->log_database, *parts_->stores, parts_->trimming, directory);
}

// The stores become durable first: what is trimmed from the log could not be read again.
Result<void> RocksEngine::purge() {
  KONOMI_TRY(const auto watermarks, parts_->order_store.watermarks());
  constexpr std::array<std::size_t, 7> kWithUsers = {
      kOrders,      kUserOrderCounts, kUserPreferences, kPreferenceByUser, kPreferenceChanges,
      kDeadLetters, kErasures};
  {
    KONOMI_TRY(const auto stores, parts_->stores->writable());
    KONOMI_CHECK_OK(stores->purge(kWithUsers));
  }
  const auto stored = watermarks.find(LogPartition(0));
  if (stored == watermarks.end()) return {};
  const MutexLock lock(parts_->trimming);
  return parts_->order_log->trim(stored->second.next_offset);
}

Result<std::uint64_t> RocksEngine::trim_log(Timestamp before) {
  KONOMI_TRY(const auto watermarks, parts_->order_store.watermarks());
  const auto stored = watermarks.find(LogPartition(0));
  if (stored == watermarks.end()) return std::uint64_t{0};
  KONOMI_TRY(const LogOffset older_to, parts_->order_log->first_logged_from(before));
  KONOMI_TRY(const LogOffset begin, parts_->order_log->begin());
  const LogOffset offset = std::min(older_to, stored->second.next_offset);
  if (offset <= begin) return std::uint64_t{0};
  {
    // What is trimmed from the log could not be read again.
    KONOMI_TRY(const auto stores, parts_->stores->writable());
    KONOMI_CHECK_OK(stores->sync());
  }
  const MutexLock lock(parts_->trimming);
  KONOMI_CHECK_OK(parts_->order_log->trim(offset));
  KONOMI_TRY(const LogOffset now, parts_->order_log->begin());
  return now.value() - begin.value();
}

void RocksEngine::collect(Samples& samples) const {
  parts_->log_database->collect(samples, "log");
  parts_->stores->collect(samples, "stores");
}

void RocksEngine::close() {
  parts_->order_log->close();
}

}  // namespace konomi::rocks
