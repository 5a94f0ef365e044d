#pragma once

#include "base/result.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"
#include "rest/router.h"

namespace konomi::api {

// How many orders of each menu type came in on each business day. Blocking; safe from every thread;
// the stores outlive it, and it outlives its answers' streams.
class DayHandlers {
 public:
  DayHandlers(SummaryStore& summaries, SettingsStore& settings)
      : summaries_(summaries), settings_(settings) {}

  void register_routes(rest::Router& router) const;

 private:
  Result<http::Response> first_version_summaries(const http::Request& request) const;
  Result<http::Response> days(const http::Request& request) const;
  Result<http::Response> day(const http::Request& request) const;

  SummaryStore& summaries_;
  SettingsStore& settings_;
};

}  // namespace konomi::api
