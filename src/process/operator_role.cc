#include "process/operator_role.h"

#include <memory>

namespace konomi::process {
namespace {

// Null: no directory for them is set.
std::unique_ptr<operate::Backups> backups_of(const Shop& shop) {
  if (shop.config.backup_dir.empty()) return nullptr;
  return std::make_unique<operate::Backups>(shop.engine->maintenance, shop.clock,
                                            shop.config.backup_dir);
}

}  // namespace

OperatorRole::OperatorRole(const Shop& shop)
    : verifications_(shop.verify_ports(), shop.verify_options(), shop.calendar, shop.clock),
      exports_(shop.export_ports(), shop.bucket_count),
      backups_(backups_of(shop)) {}

void OperatorRole::register_routes(rest::Router& router) {
  verifications_.register_routes(router);
  exports_.register_routes(router);
  backups_.register_routes(router);
}

}  // namespace konomi::process
