#pragma once

#include "base/result.h"
#include "ports/settings_store.h"
#include "rest/router.h"

namespace konomi::api {

// The catalogue of menu types: listed, and edited by the operator. Blocking; safe from every
// thread; the store outlives it.
class MenuTypeHandlers {
 public:
  MenuTypeHandlers(SettingsStore& settings, std::size_t menu_types_max)
      : settings_(settings), menu_types_max_(menu_types_max) {}

  void register_routes(rest::Router& router) const;

 private:
  Result<http::Response> list(const http::Request& request) const;
  Result<http::Response> put(const http::Request& request) const;

  SettingsStore& settings_;
  const std::size_t menu_types_max_;
};

}  // namespace konomi::api
