#pragma once

#include "base/mutex.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace konomi::support {

// The operating system's file system, with a disk that a test can fill up, break or switch off.
// What is durable is decided here, so an fsync only notes that it was asked for, and the real disk
// is not waited for. Safe from every thread.
class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  rocksdb::Env* env() { return env_.get(); }

  // Writes fail for want of room, and no space is free, until there is room again.
  void set_full(bool full);
  // The next `count` fsyncs fail with an I/O error, although the bytes were written.
  void fail_next_syncs(int count);
  // fsyncs wait until they are let through.
  void hold_syncs(bool hold);
  // Returns when an fsync waits.
  void wait_for_held_sync();

  // How many bytes have been fsynced of the files there are now whose path holds `folder` and ends
  // with `ending`.
  std::uint64_t synced_bytes(std::string_view folder, std::string_view ending) const;

  // From now on nothing reaches the disk any more, as when the power fails.
  void switch_off();
  // After switch_off() and the end of everything that used the disk: cuts every file written
  // through it to what had been fsynced, and switches it on again.
  void lose_unsynced();
  // How many bytes lose_unsynced() cut away last.
  std::uint64_t lost_bytes() const;

 private:
  class Files;
  class File;

  std::shared_ptr<Files> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace konomi::support
