#pragma once

#include "adapters/rocks/database.h"
#include "base/mutex.h"
#include "base/result.h"
#include "ports/maintenance.h"

#include <filesystem>

namespace konomi::rocks {

// A backup is a copy of a data directory, made while it is in use: <backup>/stores and <backup>/log
// are RocksDB directories like those of the engine.

// Writes a backup of two open databases to `directory`, which is not there yet, and checks it.
// First the stores and then the log: the log grows, and holds what the stores have read. It is
// trimmed only under `trimming`, or what these stores lack could be gone from their log. Every
// order that was acknowledged before the call is in it. Data files are hard links on the same file
// system and copies elsewhere; both engines go on meanwhile. Durable when it returns. On an error
// what was written may lie there in part: remove it. Errors: `storage_full`, `unavailable`,
// `corrupted` when what was written cannot be read back.
Result<BackupFacts> write_backup(Database& log, Database& stores, Mutex& trimming,
                                 const std::filesystem::path& directory);

// Opens a backup for reading, reads every block of every file and compares its checksum, and
// compares log and stores. `not_found`: it is no backup; `corrupted` says what is damaged.
Result<BackupFacts> check_backup(const std::filesystem::path& directory);

// Copies a backup's files, durably. `to` holds nothing, or is not there. The backup stays.
Result<void> copy_backup(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace konomi::rocks
