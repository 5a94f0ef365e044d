#include "api/test_restaurant.h"

#include "base/assert.h"
#include "domain/bucket.h"
#include "domain/preference.h"
#include "domain/timestamp.h"
#include "rest/errors.h"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <tuple>

namespace konomi::api {
namespace {

constexpr LogPartition kPartition{0};

template <class T>
void must(const Result<T>& result) {
  KONOMI_ASSERT(result.has_value(), result.error().message);
}

void add_to(UserDayCounts& day, const StoredOrder& stored) {
  day.version = Version(day.version.value() + stored.version.value());
  if (stored.order.status == OrderStatus::cancelled) return;
  auto at = day.counts.begin();
  while (at != day.counts.end() && at->menu_type < stored.order.menu_type) ++at;
  if (at == day.counts.end() || at->menu_type != stored.order.menu_type) {
    at = day.counts.insert(at, TypeCount{.menu_type = stored.order.menu_type});
  }
  ++at->orders;
  at->last_ordered_at = std::max(at->last_ordered_at, stored.order.ordered_at);
}

}  // namespace

struct TestRestaurant::Counted {
  std::map<UserId, std::map<BusinessDay, UserDayCounts>> users;
  std::map<BusinessDay, DaySummary> days;
  std::map<std::pair<BusinessDay, Bucket>, BucketSummary> buckets;
};

TestRestaurant::TestRestaurant(PreferenceRules rules, std::uint64_t rows_read_per_page_max)
    : clock(*parse_rfc3339("2025-06-02T09:00:00+09:00")),
      engine(clock),
      calendar(*BusinessCalendar::make("Asia/Tokyo", std::chrono::minutes(0))),
      rules_(rules),
      reprocessing_({.dead_letters = engine.dead_letters(),
                     .order_log = engine.order_log(),
                     .settings = engine.settings_store()},
                    calendar, metrics, clock,
                    {.unknown_menu_types = UnknownMenuTypes::refuse, .menu_types_max = 10}),
      api_({.log = engine.order_log(),
            .orders = engine.order_store(),
            .summaries = engine.summary_store(),
            .preferences = engine.preference_store(),
            .settings = engine.settings_store(),
            .dead_letters = engine.dead_letters(),
            .reprocessing = reprocessing_,
            .clock = clock,
            .consume = [this] { return consume; }},
           {.calendar = calendar,
            .bucket_count = kTestBuckets,
            .rules = rules,
            .menu_types_max = 10,
            .rows_read_per_page_max = rows_read_per_page_max,
            .identity = {.engine = "embedded", .version = "0.1.0"}}) {
  must(engine.settings_store().put_data_settings({.time_zone = calendar.time_zone(),
                                                  .day_starts_at = calendar.day_starts_at(),
                                                  .bucket_count = kTestBuckets}));
  api_.register_routes(router_);
}

void TestRestaurant::take(std::string_view user, std::string_view type, std::string_view ordered_at,
                          std::string_view order_id, OrderStatus status) {
  const LogOffset offset(log_end_++);
  const Order order{.user_id = UserId(std::string(user)),
                    .order_id = OrderId(order_id.empty() ? fmt::format("order-{}", offset.value())
                                                         : std::string(order_id)),
                    .ordered_at = *parse_rfc3339(ordered_at),
                    .menu_type = MenuType(std::string(type)),
                    .status = status};
  engine.order_log().append({order}, [](Result<void> done) { must(done); });
  if (!type.empty()) must(engine.settings_store().add_menu_types({order.menu_type}));

  const BusinessDay day = calendar.day_of(order.ordered_at);
  const Bucket bucket = bucket_of(order.user_id, kTestBuckets);
  const StoredOrder stored{.order = order, .version = Version(offset.value())};
  StoreBatch batch;
  batch.orders.push_back({.day = day, .bucket = bucket, .stored = stored});
  batch.marks.push_back({.day = day, .bucket = bucket, .position = {kPartition, offset}});
  batch.watermarks[kPartition] = {.next_offset = LogOffset(log_end_), .stored_up_to = clock.now()};
  must(engine.order_store().put(batch));
  orders_.insert_or_assign({day, order.user_id, order.order_id}, stored);
}

void TestRestaurant::count() {
  Counted counted;
  for (const auto& [key, stored] : orders_) {
    const auto& [day, user_id, order_id] = key;
    UserDayCounts& user_day = counted.users[user_id][day];
    user_day.day = day;
    add_to(user_day, stored);
    BucketSummary& bucket = counted.buckets[{day, bucket_of(user_id, kTestBuckets)}];
    if (stored.order.status == OrderStatus::placed) {
      bucket.figures.add(stored.order, calendar.hour_of(stored.order.ordered_at));
    }
  }
  count_users(counted);
  put_figures(counted);
  must(engine.summary_store().put_progress(all_buckets(kTestBuckets),
                                           {.next_offsets = {{kPartition, LogOffset(log_end_)}},
                                            .finished_at = clock.now(),
                                            .duration = std::chrono::milliseconds(120)}));
}

void TestRestaurant::count_users(Counted& counted) {
  for (const auto& [user_id, by_day] : counted.users) {
    const Bucket bucket = bucket_of(user_id, kTestBuckets);
    std::vector<UserDayCounts> days;
    PreferenceUpdate update{.user_id = user_id, .bucket = bucket};
    std::set<MenuType> types;
    for (const auto& [day, counts] : by_day) {
      days.push_back(counts);
      must(engine.preference_store().put_counts({{.user_id = user_id, .counts = counts}}));
      if (!counts.counts.empty()) ++counted.buckets[{day, bucket}].figures.users;
      for (const TypeCount& count : counts.counts) types.insert(count.menu_type);
      update.version = Version(update.version.value() + counts.version.value());
    }
    PreferenceHistory history = derive_preference(days, rules_);
    update.current = history.current;
    if (history.current) types.erase(history.current->menu_type);
    update.other_types.assign(types.begin(), types.end());
    update.changes = history.changes;
    for (const PreferenceChange& change : history.changes) {
      ++counted.days[change.day].moves[{change.from, change.to}];
    }
    must(engine.preference_store().put_preferences({update}));
  }
}

void TestRestaurant::put_figures(const Counted& counted) {
  std::map<BusinessDay, DaySummary> days = counted.days;
  for (const auto& [key, bucket] : counted.buckets) {
    BucketSummary summary = bucket;
    summary.counted_up_to = engine.order_store().marks(key.second)->at(key.first);
    must(engine.summary_store().put_bucket_summary(key.first, key.second, summary));
    DaySummary& day = days[key.first];
    day.figures.add(summary.figures);
    LogOffset& highest = day.counted_up_to[kPartition];
    highest = std::max(highest, summary.counted_up_to.at(kPartition));
  }
  for (auto& [date, day] : days) {
    day.day = date;
    day.state = DayState::preliminary;
    day.computed_at = clock.now();
    must(engine.summary_store().put_day(day));
  }
}

http::Response TestRestaurant::answer(http::Method method, std::string_view target, Headers headers,
                                      std::string_view body) {
  http::Request request{.method = method,
                        .headers = std::move(headers),
                        .body = body,
                        .caller = rest::Caller{.key = {}, .name = {}, .scopes = scopes}};
  if (const auto parsed = http::set_target(request, target); !parsed) {
    return rest::error_response(rest::ErrorShape::problem, parsed.error());
  }
  http::Router::Match match = router_.table().match(request);
  if (match.route == nullptr) return std::move(match.response);
  http::Response response;
  if (match.route->async) {
    match.route->async(request, [&](http::Response given) { response = std::move(given); });
  } else {
    response = match.route->blocking(request);
  }
  if (method == http::Method::head) return response;
  std::string piece;
  while (response.stream) {
    const Result<bool> more = response.stream(piece);
    must(more);
    if (!*more) response.stream = nullptr;
    if (*more) response.body += piece;
  }
  return response;
}

void serve_two_days(TestRestaurant& restaurant) {
  restaurant.take("u1", "washoku", "2025-05-31T12:00:00+09:00", "a");
  restaurant.take("u1", "washoku", "2025-05-31T19:00:00+09:00", "b");
  restaurant.take("u2", "yoshoku", "2025-05-31T12:30:00+09:00", "a");
  restaurant.take("u1", "yoshoku", "2025-06-01T12:00:00+09:00", "a");
  restaurant.take("u,3", "Americano with Milk", "2025-06-01T08:00:00+09:00", "a");
  restaurant.count();
}

}  // namespace konomi::api
