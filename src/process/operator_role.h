#pragma once

#include "export/export_handler.h"
#include "operate/backup_handler.h"
#include "process/role.h"
#include "process/shop.h"
#include "verify/verification_handler.h"

namespace konomi::process {

// What an operator has done over HTTP: verifications, exports and backups. Beside the role api.
class OperatorRole final : public Role {
 public:
  explicit OperatorRole(const Shop& shop);  // Outlives it.

  void register_routes(rest::Router& router) override;
  void end_long_answers() override { verifications_.stop(); }

 private:
  verify::VerificationHandler verifications_;
  exporting::ExportHandler exports_;
  operate::BackupHandler backups_;
};

}  // namespace konomi::process
