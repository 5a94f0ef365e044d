#include "process/api_role.h"

#include "http/web_files.h"
#include "process/options.h"

#include <string>
#include <utility>
#include <vector>

namespace konomi::process {

ApiRole::ApiRole(const Shop& shop, Telemetry& telemetry, api::AskConsume ask_consume)
    : reprocessing_(dlq::ReprocessingPorts{.dead_letters = shop.engine->ports.dead_letters,
                                           .order_log = shop.engine->ports.order_log,
                                           .settings = shop.engine->ports.settings_store},
                    shop.calendar, telemetry.metrics(), shop.clock,
                    reprocessing_rules(shop.config)),
      api_(api::Sources{.log = shop.engine->ports.order_log,
                        .orders = shop.engine->ports.order_store,
                        .summaries = shop.engine->ports.summary_store,
                        .preferences = shop.engine->ports.preference_store,
                        .settings = shop.engine->ports.settings_store,
                        .dead_letters = shop.engine->ports.dead_letters,
                        .reprocessing = reprocessing_,
                        .clock = shop.clock,
                        .consume = std::move(ask_consume)},
           api_settings(shop.config, shop.calendar)),
      page_(http::web_files(), std::vector<std::string>{"daily", "segments", "users"},
            rest::error_answer) {}

void ApiRole::register_routes(rest::Router& router) {
  api_.register_routes(router);
  router.set_page([this](const http::Request& request) { return page_.serve(request); });
}

}  // namespace konomi::process
