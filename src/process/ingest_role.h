#pragma once

#include "base/result.h"
#include "ingest/menu_type_gate.h"
#include "ingest/order_handler.h"
#include "ingest/order_ids.h"
#include "process/role.h"
#include "process/shop.h"
#include "process/telemetry.h"

#include <memory>

namespace konomi::process {

// Takes orders over HTTP and answers when the log has them.
class IngestRole final : public Role {
 public:
  // Reads the catalogue of menu types once; the errors are the store's. Both outlive it.
  static Result<std::unique_ptr<IngestRole>> open(const Shop& shop, Telemetry& telemetry);

  void register_routes(rest::Router& router) override { handler_.register_routes(router); }
  void start() override { gate_->start(); }
  void finish_orders() override;

 private:
  IngestRole(const Shop& shop, Telemetry& telemetry, std::unique_ptr<ingest::MenuTypeGate> gate);

  ingest::OrderIds order_ids_;
  const std::unique_ptr<ingest::MenuTypeGate> gate_;
  ingest::OrderHandler handler_;
};

}  // namespace konomi::process
