#include "tests/support/faulty_disk.h"

#include <rocksdb/system_clock.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace konomi::support {

using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {

// RocksDB sleeps for a second when a background thread met an error, so as not to spin. A test need
// not wait for that.
class ShortSleeps final : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;

  const char* Name() const override { return "ShortSleeps"; }
  void SleepForMicroseconds(int micros) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(micros, 1'000));
  }
};

// Threads are those of the process; files and sleeps are the test's.
class DiskEnv final : public rocksdb::EnvWrapper {
 public:
  explicit DiskEnv(const std::shared_ptr<rocksdb::FileSystem>& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;
    system_clock_ = std::make_shared<ShortSleeps>(rocksdb::SystemClock::Default());
  }
};

class UnsyncedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  using FSDirectoryWrapper::FSDirectoryWrapper;

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*dbg*/) override {
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& /*options*/, IODebugContext* /*dbg*/,
                               const rocksdb::DirFsyncOptions& /*dir_options*/) override {
    return IOStatus::OK();
  }
};

}  // namespace

// What the disk does, and how much of each file it has for sure.
class FaultyDisk::Files final : public rocksdb::FileSystemWrapper {
 public:
  Files() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  static const char* kClassName() { return "FaultyDisk"; }
  const char* Name() const override { return kClassName(); }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result, IODebugContext* dbg) override;
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* result,
                              IODebugContext* dbg) override;

  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<FSDirectory>* result, IODebugContext* dbg) override {
    std::unique_ptr<FSDirectory> directory;
    const IOStatus status = FileSystemWrapper::NewDirectory(name, options, &directory, dbg);
    if (status.ok()) *result = std::make_unique<UnsyncedDirectory>(std::move(directory));
    return status;
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* dbg) override {
    if (const IOStatus status = writing(); !status.ok()) return status;
    const IOStatus status = FileSystemWrapper::RenameFile(from, to, options, dbg);
    const MutexLock lock(mutex_);
    if (const auto file = synced_bytes_.extract(from); status.ok() && file)
      synced_bytes_[to] = file.mapped();
    return status;
  }

  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* dbg) override {
    if (is_off()) return IOStatus::IOError("the disk is off");
    const IOStatus status = FileSystemWrapper::DeleteFile(name, options, dbg);
    const MutexLock lock(mutex_);
    if (status.ok()) synced_bytes_.erase(name);
    return status;
  }

  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* free,
                        IODebugContext* dbg) override {
    const IOStatus status = FileSystemWrapper::GetFreeSpace(path, options, free, dbg);
    const MutexLock lock(mutex_);
    if (full_) *free = 0;
    return status;
  }

  // RocksDB's own log is a file like any other: it goes through this disk too.
  IOStatus NewLogger(const std::string& name, const IOOptions& options,
                     std::shared_ptr<rocksdb::Logger>* logger, IODebugContext* dbg) override {
    return FileSystem::NewLogger(name, options, logger, dbg);
  }

  // What a write meets.
  IOStatus writing() {
    const MutexLock lock(mutex_);
    if (off_) return IOStatus::IOError("the disk is off");
    if (full_) return IOStatus::NoSpace("the disk is full");
    return IOStatus::OK();
  }

  // What an fsync meets.
  IOStatus syncing() {
    const MutexLock lock(mutex_);
    while (held_) {
      ++waiting_;
      changed_.notify_all();
      changed_.wait(mutex_);
      --waiting_;
    }
    if (off_) return IOStatus::IOError("the disk is off");
    if (failing_syncs_ > 0) {
      --failing_syncs_;
      return IOStatus::IOError("fsync failed");
    }
    return IOStatus::OK();
  }

  void synced(const std::string& name, std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    if (!off_) synced_bytes_[name] = bytes;
  }

  std::uint64_t synced_bytes(std::string_view folder, std::string_view ending) {
    const MutexLock lock(mutex_);
    std::uint64_t sum = 0;
    for (const auto& [name, bytes] : synced_bytes_) {
      if (name.find(folder) != std::string::npos && name.ends_with(ending)) sum += bytes;
    }
    return sum;
  }

  void set_full(bool full) {
    const MutexLock lock(mutex_);
    full_ = full;
  }
  void fail_next_syncs(int count) {
    const MutexLock lock(mutex_);
    failing_syncs_ = count;
  }
  void hold_syncs(bool hold) {
    const MutexLock lock(mutex_);
    held_ = hold;
    changed_.notify_all();
  }
  void wait_for_held_sync() {
    const MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.wait(mutex_);
  }
  void switch_off() {
    const MutexLock lock(mutex_);
    off_ = true;
  }
  bool is_off() {
    const MutexLock lock(mutex_);
    return off_;
  }
  void lose_unsynced() {
    const MutexLock lock(mutex_);
    lost_bytes_ = 0;
    for (const auto& [name, bytes] : synced_bytes_) {
      std::error_code missing;
      const auto size = std::filesystem::file_size(name, missing);
      if (missing || size <= bytes) continue;
      lost_bytes_ += size - bytes;
      std::filesystem::resize_file(name, bytes);
    }
    synced_bytes_.clear();
    off_ = false;
  }
  std::uint64_t lost_bytes() {
    const MutexLock lock(mutex_);
    return lost_bytes_;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  bool full_ KONOMI_GUARDED_BY(mutex_) = false;
  bool off_ KONOMI_GUARDED_BY(mutex_) = false;
  bool held_ KONOMI_GUARDED_BY(mutex_) = false;
  int waiting_ KONOMI_GUARDED_BY(mutex_) = 0;
  int failing_syncs_ KONOMI_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::uint64_t> synced_bytes_ KONOMI_GUARDED_BY(mutex_);
  std::uint64_t lost_bytes_ KONOMI_GUARDED_BY(mutex_) = 0;
};

class FaultyDisk::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<FSWritableFile> file, std::string name, Files& files)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), files_(files) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* dbg) override {
    if (const IOStatus status = files_.writing(); !status.ok()) return status;
    return target()->Append(data, options, dbg);
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* dbg) override {
    return Append(data, options, dbg);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    return note_sync(options, dbg);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return note_sync(options, dbg);
  }
  IOStatus RangeSync(uint64_t /*offset*/, uint64_t /*bytes*/, const IOOptions& /*options*/,
                     IODebugContext* /*dbg*/) override {
    return IOStatus::OK();  // It promises nothing.
  }

 private:
  IOStatus note_sync(const IOOptions& options, IODebugContext* dbg) {
    const IOStatus status = files_.syncing();
    if (status.ok()) files_.synced(name_, target()->GetFileSize(options, dbg));
    return status;
  }

  const std::string name_;
  Files& files_;
};

IOStatus FaultyDisk::Files::NewWritableFile(const std::string& name, const FileOptions& options,
                                            std::unique_ptr<FSWritableFile>* result,
                                            IODebugContext* dbg) {
  if (const IOStatus status = writing(); !status.ok()) return status;
  std::unique_ptr<FSWritableFile> file;
  const IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &file, dbg);
  if (!status.ok()) return status;
  synced(name, 0);
  *result = std::make_unique<File>(std::move(file), name, *this);
  return status;
}

IOStatus FaultyDisk::Files::ReopenWritableFile(const std::string& name, const FileOptions& options,
                                               std::unique_ptr<FSWritableFile>* result,
                                               IODebugContext* dbg) {
  if (const IOStatus status = writing(); !status.ok()) return status;
  std::unique_ptr<FSWritableFile> file;
  const IOStatus status = FileSystemWrapper::ReopenWritableFile(name, options, &file, dbg);
  if (!status.ok()) return status;
  *result = std::make_unique<File>(std::move(file), name, *this);
  return status;
}

FaultyDisk::FaultyDisk()
    : files_(std::make_shared<Files>()), env_(std::make_unique<DiskEnv>(files_)) {}

FaultyDisk::~FaultyDisk() = default;

std::uint64_t FaultyDisk::synced_bytes(std::string_view folder, std::string_view ending) const {
  return files_->synced_bytes(folder, ending);
}

void FaultyDisk::set_full(bool full) {
  files_->set_full(full);
}
void FaultyDisk::fail_next_syncs(int count) {
  files_->fail_next_syncs(count);
}
void FaultyDisk::hold_syncs(bool hold) {
  files_->hold_syncs(hold);
}
void FaultyDisk::wait_for_held_sync() {
  files_->wait_for_held_sync();
}
void FaultyDisk::switch_off() {
  files_->switch_off();
}
void FaultyDisk::lose_unsynced() {
  files_->lose_unsynced();
}
std::uint64_t FaultyDisk::lost_bytes() const {
  return files_->lost_bytes();
}

}  // namespace konomi::support
