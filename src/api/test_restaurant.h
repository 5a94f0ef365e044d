#pragma once

#include "adapters/memory/engine.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "domain/business_day.h"
#include "domain/order.h"
#include "ports/order_store.h"
#include "rest/caller.h"
#include "rest/router.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What this room's tests stand on: stores with orders in them, counted when the test says so.
namespace konomi::api {

inline constexpr BucketCount kTestBuckets{8};

using Headers = std::vector<std::pair<std::string, std::string>>;

// A restaurant in Tokyo on 2 June 2025, 09:00 of its clock, with an api in front of its stores.
class TestRestaurant {
 public:
  explicit TestRestaurant(PreferenceRules rules = {},
                          std::uint64_t rows_read_per_page_max = kRowsReadPerPageMax);

  // Stores an order, as ingest and consume do.
  void take(std::string_view user, std::string_view type, std::string_view ordered_at,
            std::string_view order_id = {}, OrderStatus status = OrderStatus::placed);

  // Counts everything stored, at the clock's time, by the rules of the domain.
  void count();

  // Answers a request as the server would, streamed body included.
  http::Response answer(http::Method method, std::string_view target, Headers headers = {},
                        std::string_view body = {});
  http::Response get(std::string_view target, Headers headers = {}) {
    return answer(http::Method::get, target, std::move(headers));
  }
  std::string body_of(std::string_view target) { return get(target).body; }

  ManualClock clock;
  memory::MemoryEngine engine;
  Metrics metrics;
  BusinessCalendar calendar;
  rest::Scopes scopes = rest::Scopes::all();  // The scopes of all requests.
  ConsumeStanding consume{.state = "running", .error = {}};

 private:
  struct Counted;

  void count_users(Counted& counted);
  void put_figures(const Counted& counted);

  const PreferenceRules rules_;
  std::map<std::tuple<BusinessDay, UserId, OrderId>, StoredOrder> orders_;
  std::uint64_t log_end_ = 0;
  dlq::Reprocessing reprocessing_;
  Api api_;
  rest::Router router_;
};

// Five orders of three users on two days, counted at 09:00:
//   2025-05-31  u1 washoku 12:00, washoku 19:00 · u2 yoshoku 12:30
//   2025-06-01  u1 yoshoku 12:00 · "u,3" Americano with Milk 08:00
void serve_two_days(TestRestaurant& restaurant);

}  // namespace konomi::api
