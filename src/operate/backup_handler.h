#pragma once

#include "operate/backups.h"
#include "rest/router.h"

#include <memory>

namespace konomi::operate {

// POST /api/v1/backups?keep=N: a backup into the directory that backup_dir names. Whoever asks
// chooses no path. Outlives the server whose router it fills.
class BackupHandler {
 public:
  // Nothing: backup_dir is not set, and every request is refused with that.
  explicit BackupHandler(std::unique_ptr<Backups> backups) : backups_(std::move(backups)) {}

  void register_routes(rest::Router& router) const;

 private:
  Result<rest::Answer> start(const http::Request& request) const;

  const std::unique_ptr<Backups> backups_;
};

}  // namespace konomi::operate
