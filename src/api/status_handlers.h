#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"
#include "rest/router.h"

#include <functional>
#include <optional>
#include <string>

namespace konomi::api {

// What the process that serves knows about itself.
struct Identity {
  std::string engine;  // "embedded" or "cluster".
  std::string version;
};

// Whether orders are being stored.
struct ConsumeStanding {
  std::string state;                 // "running", "retrying", "stopped".
  std::optional<std::string> error;  // Why it is not running.
};
using AskConsume = std::function<ConsumeStanding()>;

// How far everything has come: GET /api/v1/status. Blocking; safe from every thread; what it is
// made of outlives it.
class StatusHandlers {
 public:
  StatusHandlers(OrderLog& log, OrderStore& orders, SummaryStore& summaries,
                 SettingsStore& settings, DeadLetters& letters, AskConsume consume,
                 const Clock& clock, BusinessCalendar calendar, BucketCount buckets,
                 Identity identity);

  void register_routes(rest::Router& router) const;

 private:
  Result<http::Response> status(const http::Request& request) const;
  Result<std::size_t> count_dirty_days() const;

  OrderLog& log_;
  OrderStore& orders_;
  SummaryStore& summaries_;
  SettingsStore& settings_;
  DeadLetters& dead_letters_;
  const AskConsume consume_;
  const Clock& clock_;
  const BusinessCalendar calendar_;
  const BucketCount buckets_;
  const Identity identity_;
};

}  // namespace konomi::api
