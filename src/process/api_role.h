#pragma once

#include "api/api.h"
#include "dlq/reprocessing.h"
#include "http/static_files.h"
#include "process/role.h"
#include "process/shop.h"
#include "process/telemetry.h"

namespace konomi::process {

// What people ask and decide over HTTP, and the page.
class ApiRole final : public Role {
 public:
  // `ask_consume` is empty where consume is another process. All of them outlive it.
  ApiRole(const Shop& shop, Telemetry& telemetry, api::AskConsume ask_consume);

  void register_routes(rest::Router& router) override;

 private:
  dlq::Reprocessing reprocessing_;
  const api::Api api_;
  const http::StaticFiles page_;
};

}  // namespace konomi::process
