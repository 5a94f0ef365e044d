#include "api/api.h"

#include <utility>

namespace konomi::api {

Api::Api(const Sources& sources, ApiSettings settings)
    : days_(sources.summaries, sources.settings),
      segments_(sources.preferences, sources.summaries, sources.settings, settings.calendar,
                settings.bucket_count, settings.rows_read_per_page_max),
      users_(sources.preferences, sources.orders, sources.summaries, sources.settings,
             settings.bucket_count, settings.rules),
      menu_types_(sources.settings, settings.menu_types_max),
      letters_(sources.reprocessing),
      erasures_(sources.log, sources.orders, sources.preferences, settings.bucket_count),
      status_(sources.log, sources.orders, sources.summaries, sources.settings,
              sources.dead_letters, sources.consume, sources.clock, std::move(settings.calendar),
              settings.bucket_count, std::move(settings.identity)) {}

void Api::register_routes(rest::Router& router) const {
  days_.register_routes(router);
  segments_.register_routes(router);
  users_.register_routes(router);
  menu_types_.register_routes(router);
  letters_.register_routes(router);
  erasures_.register_routes(router);
  status_.register_routes(router);
}

}  // namespace konomi::api
