#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "ports/maintenance.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace konomi::operate {

struct Backup {
  std::string name;  // "2025-05-31T03-00-00.000Z": when it was begun.
  BackupFacts facts;
  std::chrono::milliseconds duration{0};
  std::vector<std::string> removed;  // Older ones.
};

// The backups of one konomi in a directory of their own, each a directory with its name.
class Backups {
 public:
  // Both outlive it. Without maintenance, as on a cluster, there are no backups to make.
  Backups(Maintenance* maintenance, const Clock& clock, std::filesystem::path directory)
      : maintenance_(maintenance), clock_(clock), directory_(std::move(directory)) {}

  // Makes a backup and checks it; it gets its name when it is whole and durable. Then takes away
  // all but the `keep` newest. Blocks; safe from every thread. `overloaded`: another one is being
  // made; `invalid_argument`: the engine has no backups of its own; else errors of the disk.
  Result<Backup> make(std::optional<std::size_t> keep);

 private:
  Result<Backup> make_now(std::optional<std::size_t> keep);

  Maintenance* const maintenance_;
  const Clock& clock_;
  const std::filesystem::path directory_;
  std::atomic<bool> busy_ = false;
};

// Copies a backup to where no data is, and checks it before and afterwards. The data directory
// appears when it is whole. `invalid_argument`: something is there already.
Result<BackupFacts> restore_backup(const std::filesystem::path& backup,
                                   const std::filesystem::path& data_dir);

std::string to_json(const Backup& backup);

}  // namespace konomi::operate
