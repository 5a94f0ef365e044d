#include "adapters/rocks/backup.h"

#include "adapters/rocks/info_log.h"
#include "adapters/rocks/log_record.h"
#include "adapters/rocks/order_log.h"
#include "adapters/rocks/order_store.h"
#include "adapters/rocks/status.h"
#include "adapters/rocks/stores.h"
#include "encoding/values.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace konomi::rocks {
namespace {

constexpr const char* kStores = "stores";
constexpr const char* kLog = "log";

std::unexpected<Error> cannot(std::string_view what, const std::filesystem::path& path, int code) {
  const bool is_full = code == ENOSPC || code == EDQUOT || code == EROFS;
  return fail(is_full ? ErrorCode::storage_full : ErrorCode::unavailable,
              fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(code)));
}

Result<void> sync(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot("open", path, errno);
  const int failed = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0) return cannot("sync", path, failed);
  return {};
}

Result<void> write_checkpoint(Database& database, const std::filesystem::path& directory) {
  KONOMI_TRY(const auto open, database.writable());
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&open->db(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // Flushes what is in memory, so that little of the write-ahead log has to be copied.
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory.string());
  if (!status.ok()) {
    return std::unexpected(
        error_of(status, fmt::format("cannot write the backup {}", directory.string())));
  }
  return {};
}

// Files and the directories they lie in.
Result<void> sync_tree(const std::filesystem::path& directory, BackupFacts& facts) {
  std::error_code error;
  for (auto at = std::filesystem::recursive_directory_iterator(directory, error);
       !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    KONOMI_CHECK_OK(sync(at->path()));
    if (!at->is_regular_file(error)) continue;
    ++facts.files;
    facts.bytes += at->file_size(error);
  }
  if (error) return cannot("read", directory, error.value());
  return sync(directory);
}

// A database of a backup, for reading only.
class ReadOnly {
 public:
  static Result<ReadOnly> open(const std::filesystem::path& path,
                               const std::vector<Database::Family>& families) {
    ReadOnly opened;
    rocksdb::DBOptions options;
    options.create_if_missing = false;
    options.max_open_files = 512;
    options.info_log = make_info_log();  // Else RocksDB makes a file beside the data.
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const Database::Family& family : families)
      descriptors.emplace_back(family.name, family.options);
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::OpenForReadOnly(options, path.string(), descriptors, &opened.families_, &db);
    opened.db_.reset(db);
    if (status.ok()) return opened;
    return std::unexpected(
        error_of(status, fmt::format("the backup's {} cannot be read", path.string())));
  }
  ReadOnly(ReadOnly&&) = default;
  ~ReadOnly() {
    if (db_ == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
  }

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(std::size_t index) const { return families_[index]; }

  Result<void> check_blocks(const std::filesystem::path& path) const {
    const rocksdb::Status status = db_->VerifyChecksum();
    if (status.ok()) return {};
    return std::unexpected(
        error_of(status, fmt::format("the backup's {} is damaged", path.string())));
  }

 private:
  ReadOnly() = default;

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

Result<LogOffset> stored_up_to(const ReadOnly& stores) {
  std::string value;
  const rocksdb::Status status = stores.db().Get(rocksdb::ReadOptions(), stores.family(kSettings),
                                                 watermark_key(LogPartition(0)), &value);
  if (status.IsNotFound()) return LogOffset(0);
  if (!status.ok())
    return std::unexpected(error_of(status, "cannot read the watermark of the backup's stores"));
  KONOMI_TRY(const Watermark watermark, encoding::decode_watermark(value));
  return watermark.next_offset;
}

}  // namespace

Result<BackupFacts> write_backup(Database& log, Database& stores, Mutex& trimming,
                                 const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return cannot("make", directory, error.value());
  // What the stores have read lies in the log before they have read it. The other way round the
  // stores could have read orders of which the backup's log knows nothing.
  {
    const MutexLock lock(trimming);
    KONOMI_CHECK_OK(write_checkpoint(stores, directory / kStores));
    KONOMI_CHECK_OK(write_checkpoint(log, directory / kLog));
  }
  BackupFacts written;
  KONOMI_CHECK_OK(sync_tree(directory, written));
  return check_backup(directory);
}

Result<BackupFacts> check_backup(const std::filesystem::path& directory) {
  BackupFacts facts;
  std::error_code error;
  for (const char* part : {kStores, kLog}) {
    const std::filesystem::path path = directory / part;
    if (!std::filesystem::exists(path / "CURRENT", error)) {
      return fail(ErrorCode::not_found,
                  fmt::format("{} is no backup: there is no {}; expected a directory that `konomi "
                              "backup` has written",
                              directory.string(), path.string()));
    }
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      ++facts.files;
      facts.bytes += entry.file_size(error);
    }
  }
  const rocksdb::ColumnFamilyOptions family;
  KONOMI_TRY(const ReadOnly log, ReadOnly::open(directory / kLog, log_families(family, 1 << 20)));
  KONOMI_CHECK_OK(log.check_blocks(directory / kLog));
  KONOMI_TRY(const ReadOnly stores, ReadOnly::open(directory / kStores, store_families(family)));
  KONOMI_CHECK_OK(stores.check_blocks(directory / kStores));
  KONOMI_TRY(const LogBounds bounds,
             read_log_bounds(log.db(), log.family(kLogMeta), log.family(kLogRecords)));
  facts.log_end = bounds.end;
  KONOMI_TRY(facts.stored_up_to, stored_up_to(stores));
  if (facts.stored_up_to > facts.log_end) {
    return fail(
        ErrorCode::corrupted,
        fmt::format("the backup's log ends at offset {}, but its stores have read up to {}: "
                    "they do not belong together",
                    facts.log_end.value(), facts.stored_up_to.value()));
  }
  // What an erasure trimmed from the log cannot be stored again.
  if (facts.stored_up_to < bounds.begin) {
    return fail(
        ErrorCode::corrupted,
        fmt::format("the backup's log begins at offset {}, but its stores have read only up to {}: "
                    "they do not belong together",
                    bounds.begin.value(), facts.stored_up_to.value()));
  }
  return facts;
}

Result<void> copy_backup(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  for (const char* part : {kStores, kLog}) {
    std::filesystem::create_directories(to / part, error);
    if (error) return cannot("make", to / part, error.value());
    for (const auto& entry : std::filesystem::directory_iterator(from / part, error)) {
      // No links: data that is restored must not change with its backup, nor be lost with it.
      std::filesystem::copy_file(entry.path(), to / part / entry.path().filename(), error);
      if (error) return cannot("copy", entry.path(), error.value());
    }
    if (error) return cannot("read", from / part, error.value());
  }
  BackupFacts copied;
  return sync_tree(to, copied);
}

}  // namespace konomi::rocks
