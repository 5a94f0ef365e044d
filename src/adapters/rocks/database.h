#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace konomi::rocks {

// How many openings of one directory are not closed yet: 0 or 1, for RocksDB locks it.
struct Openings {
  Mutex mutex;
  ConditionVariable closed;
  int count KONOMI_GUARDED_BY(mutex) = 0;
};

enum class Durability {
  written_through,  // Survives the end of the process.
  synced,           // Survives a power loss.
};

// A RocksDB that is open. Whoever reads holds it for as long as it uses the database or an
// iterator.
class OpenDatabase {
 public:
  ~OpenDatabase();
  OpenDatabase(const OpenDatabase&) = delete;
  OpenDatabase& operator=(const OpenDatabase&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(std::size_t index) const { return families_[index]; }

  // Which opening of the directory this is, from 1.
  std::uint64_t generation() const { return generation_; }

  // After a failed write RocksDB takes no more of them; whoever holds this should let it go, so
  // that it can be opened anew.
  bool is_broken() const { return broken_->load(std::memory_order_relaxed); }

  // Writes the batch in one piece. Synced: fsynced before it returns. `storage_full`: nothing was
  // written. Other errors: it may come back when the database is opened again.
  Result<void> write(rocksdb::WriteBatch& batch, Durability durability) const;

  // Takes the bytes of rows that were deleted or replaced in these families off the disk: flushes,
  // so that the write-ahead log before this call is deleted, and rewrites their files. Everything
  // written before is durable afterwards. Blocking; reads and writes go on.
  // With `end`: of the rows before that key only.
  Result<void> purge(std::span<const std::size_t> families,
                     const std::optional<std::string>& end = std::nullopt) const;

  // Everything written before is durable afterwards.
  Result<void> sync() const;

 private:
  friend class Database;
  explicit OpenDatabase(std::shared_ptr<Openings> openings);

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<std::atomic<bool>> broken_;
  const std::shared_ptr<Openings> openings_;
};

// One RocksDB directory that mends itself: when the disk was full or failed, RocksDB refuses every
// later write (DB::Resume() does not help after a failed fsync, nor when nothing waits to be
// flushed), so the next write closes it and opens it again, as soon as there is room and nobody
// holds an iterator. Reads go on meanwhile. Safe from every thread.
class Database {
 public:
  struct Family {
    std::string name;  // The first one is "default".
    rocksdb::ColumnFamilyOptions options;
  };

  // Creates the directory when it is not there. `unavailable` naming the remedy when another
  // process has it open.
  static Result<std::unique_ptr<Database>> open(std::string path, rocksdb::DBOptions options,
                                                std::vector<Family> families);

  // For reading, broken or not. `storage_full`, `unavailable`: it could not be opened again yet.
  Result<std::shared_ptr<const OpenDatabase>> readable();

  // For writing: mends first when that is needed. `storage_full`, `unavailable`: not possible yet.
  Result<std::shared_ptr<const OpenDatabase>> writable();

  // writable(), and then OpenDatabase::write.
  Result<void> write(rocksdb::WriteBatch& batch, Durability durability);

  // What RocksDB counts and holds, labelled with `name`. Of a database that is closed for the
  // moment, only that it takes no writes.
  void collect(Samples& samples, const std::string& name);

  const std::string& path() const { return path_; }

 private:
  Database(std::string path, rocksdb::DBOptions options, std::vector<Family> families)
      : path_(std::move(path)), options_(std::move(options)), families_(std::move(families)) {
    statistics_->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  }

  Result<std::shared_ptr<const OpenDatabase>> open_now() KONOMI_REQUIRES(mutex_);
  Result<void> mend() KONOMI_REQUIRES(mutex_);
  Result<void> close_current() KONOMI_REQUIRES(mutex_);

  const std::string path_;
  const rocksdb::DBOptions options_;
  const std::vector<Family> families_;
  const std::shared_ptr<rocksdb::Statistics> statistics_ = rocksdb::CreateDBStatistics();
  const std::shared_ptr<Openings> openings_ = std::make_shared<Openings>();

  Mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<const OpenDatabase> current_ KONOMI_GUARDED_BY(mutex_);  // May be nothing.
  std::uint64_t generation_ KONOMI_GUARDED_BY(mutex_) = 0;
};

}  // namespace konomi::rocks
