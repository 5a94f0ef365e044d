#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/preference.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"
#include "rest/router.h"

namespace konomi::api {

// What one user prefers, why, and the orders behind it. Blocking; safe from every thread; the
// stores outlive it.
class UserHandlers {
 public:
  // `rules` are those that the figures are counted by as long as the stores hold none.
  UserHandlers(PreferenceStore& preferences, OrderStore& orders, SummaryStore& summaries,
               SettingsStore& settings, BucketCount buckets, PreferenceRules rules)
      : preferences_(preferences),
        orders_(orders),
        summaries_(summaries),
        settings_(settings),
        buckets_(buckets),
        rules_(rules) {}

  void register_routes(rest::Router& router) const;

 private:
  Result<http::Response> user(const http::Request& request) const;
  Result<http::Response> orders(const http::Request& request) const;

  PreferenceStore& preferences_;
  OrderStore& orders_;
  SummaryStore& summaries_;
  SettingsStore& settings_;
  const BucketCount buckets_;
  const PreferenceRules rules_;
};

}  // namespace konomi::api
