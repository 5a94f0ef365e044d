#include "api/menu_type_handlers.h"

#include "api/menu_type_body.h"
#include "domain/menu_type.h"
#include "rest/errors.h"
#include "rest/media_type.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

namespace konomi::api {

void MenuTypeHandlers::register_routes(rest::Router& router) const {
  router.add(http::Method::get, "/api/v1/menu_types", rest::Scope::read,
             [this](const http::Request& request) { return list(request); });
  router.add(http::Method::put, "/api/v1/menu_types", rest::Scope::admin,
             [this](const http::Request& request) { return put(request); });
}

Result<http::Response> MenuTypeHandlers::list(const http::Request&) const {
  KONOMI_TRY(const auto entries, settings_.menu_types());
  return http::Response{.body = menu_types_json(entries)};
}

Result<http::Response> MenuTypeHandlers::put(const http::Request& request) const {
  if (const auto content_type = request.header("content-type");
      content_type && !rest::is_media_type(*content_type, "application/json")) {
    return rest::problem_response(
        415, fmt::format("Content-Type is {}; expected application/json", *content_type));
  }
  const auto entries = parse_menu_types(request.body);
  if (!entries) {
    return rest::refusal(
        "the catalogue was not changed: expected {\"menu_types\":[{\"menu_type\":…}]}, see errors",
        entries.error());
  }

  KONOMI_TRY(const auto present, settings_.menu_types());
  std::set<MenuType> types;
  for (const MenuTypeEntry& entry : present) types.insert(entry.id);
  for (const MenuTypeEntry& entry : *entries) types.insert(entry.id);
  if (types.size() > menu_types_max_ && types.size() > present.size()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the catalogue would have {} menu types; expected at most {} (setting "
                            "menu_types_max)",
                            types.size(), menu_types_max_));
  }
  KONOMI_CHECK_OK(settings_.put_menu_types(*entries));
  return list(request);
}

}  // namespace konomi::api
