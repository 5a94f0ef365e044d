#pragma once

#include "http/message.h"
#include "http/router.h"
#include "operate/backups.h"

#include <memory>

namespace konomi::operate {

// POST /api/v1/backups?keep=N: a backup into the directory that backup_dir names. Whoever asks
// chooses no path. Outlives the server whose router it fills.
class BackupHandler {
 public:
  // Nothing: backup_dir is not set, and every request is refused with that.
  explicit BackupHandler(std::unique_ptr<Backups> backups) : backups_(std::move(backups)) {}

  void register_routes(http::Router& router) const;

 private:
  http::Response start(const http::Request& request) const;

  const std::unique_ptr<Backups> backups_;
};

}  // namespace konomi::operate
