#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/erasure.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "rest/router.h"

#include <optional>

namespace konomi::api {

// Users are erased here, and asked for how far it is. The work is that of consume and aggregate:
// this appends to the log, and waits for a while. Blocking; safe from every thread; the ports
// outlive it.
class ErasureHandlers {
 public:
  ErasureHandlers(OrderLog& log, OrderStore& orders, PreferenceStore& preferences,
                  BucketCount bucket_count)
      : log_(log), orders_(orders), preferences_(preferences), bucket_count_(bucket_count) {}

  void register_routes(rest::Router& router) const;

 private:
  Result<rest::Answer> erase(const http::Request& request) const;
  Result<http::Response> show(const http::Request& request) const;
  Result<std::optional<Erasure>> find(const ErasureId& id) const;

  OrderLog& log_;
  OrderStore& orders_;
  PreferenceStore& preferences_;
  const BucketCount bucket_count_;
};

}  // namespace konomi::api
