#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"

#include <cstdint>
#include <filesystem>

namespace konomi {

// What a backup of an engine with one log partition holds.
struct BackupFacts {
  LogOffset log_end;       // Every order before it is in the backup.
  LogOffset stored_up_to;  // How far the stores of the backup have read; never past log_end.
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // The size of these files, whether linked or copied.
};

// What konomi does for the disk of an engine that keeps its data itself. A cluster has none: its
// servers do the same by their own means. Blocking; safe from every thread, while the engine is in
// use.
class Maintenance {
 public:
  virtual ~Maintenance() = default;

  // Writes a checked backup to `directory`, which is not there yet: every order acknowledged before
  // is in it. On an error what was written may lie there in part.
  virtual Result<BackupFacts> back_up(const std::filesystem::path& directory) = 0;

  // Takes the bytes of erased users off the disk, those of the log included: the log is trimmed up
  // to where it is stored. Rewrites everything that holds users: call it once for many erasures.
  // May be called again.
  virtual Result<void> purge() = 0;

  // Removes from the log what was logged before this instant and is stored, and its bytes from the
  // disk; how many orders. May be called again.
  virtual Result<std::uint64_t> trim_log(Timestamp before) = 0;
};

}  // namespace konomi
