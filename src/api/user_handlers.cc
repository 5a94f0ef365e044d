#include "api/user_handlers.h"

#include "api/uncounted.h"
#include "base/bytes.h"
#include "domain/text.h"
#include "rest/page_cursor.h"
#include "rest/parameters.h"
#include "wire/json_writer.h"
#include "wire/order.h"
#include "wire/preference.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace konomi::api {
namespace {

constexpr rest::IntegerRange kOrdersPerPage{.min = 1, .max = 1000};
constexpr std::uint64_t kOrdersPerPageDefault = 100;

Result<std::vector<UserDayCounts>> counts_of(PreferenceStore& preferences, const UserId& user_id) {
  KONOMI_TRY(auto counts, preferences.counts_of(std::span(&user_id, 1)));
  return std::move(counts.at(0));
}

void write_total_counts(wire::JsonWriter& json, std::span<const UserDayCounts> days) {
  std::vector<TypeCount> totals = total_counts(days);
  // The order in which types are preferred: the favourite is the first.
  std::ranges::sort(totals, [](const TypeCount& a, const TypeCount& b) {
    return std::tie(b.orders, b.last_ordered_at, a.menu_type) <
           std::tie(a.orders, a.last_ordered_at, b.menu_type);
  });
  wire::write_type_counts(json, totals);
}

void write_days(wire::JsonWriter& json, std::span<const UserDayCounts> days) {
  json.begin_array();
  for (const UserDayCounts& day : days) {
    if (day.counts.empty()) continue;
    json.begin_object();
    json.key("date").date(day.day);
    json.key("counts").begin_array();
    for (const TypeCount& count : day.counts) {
      json.begin_object();
      json.key("menu_type").text(count.menu_type.value());
      json.key("count").number(count.orders);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

// Changes between segments: who has none, for want of orders or of enough of them, is in "null".
void write_changes(wire::JsonWriter& json, std::span<const PreferenceChange> changes) {
  json.begin_array();
  for (const PreferenceChange& change : changes) {
    if (change.from.is_type() || change.to.is_type()) wire::write_segment_change(json, change);
  }
  json.end_array();
}

// Where a page of a user's orders ended: days descend, and ids ascend within a day.
struct OrderPosition {
  BusinessDay day;
  OrderId order_id;
};

std::string list_name(const UserId& user_id) {
  return "orders of a user\n" + user_id.value();
}

std::string position_text(const OrderPosition& position) {
  std::string text;
  append_u32(text, static_cast<std::uint32_t>(position.day.days_since_1970()));
  append_text(text, position.order_id.value());
  return text;
}

Result<OrderPosition> parse_position(std::string_view text) {
  ByteReader reader(text);
  KONOMI_TRY(const std::uint32_t day, reader.u32());
  KONOMI_TRY(const std::string_view order_id, reader.text());
  return OrderPosition{.day = BusinessDay::from_days_since_1970(static_cast<int>(day)),
                       .order_id = OrderId(std::string(order_id))};
}

Result<std::optional<OrderPosition>> asked_position(const http::Request& request,
                                                    const UserId& user_id) {
  const auto cursor = request.query_value("cursor");
  if (!cursor) return std::nullopt;
  KONOMI_TRY(const std::string text, rest::decode_cursor(list_name(user_id), *cursor));
  Result<OrderPosition> position = parse_position(text);
  if (!position) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("cursor {} holds no position", quote(*cursor)));
  }
  return std::optional(*std::move(position));
}

struct DayOrder {
  BusinessDay day;
  Order order;
};

// Up to `orders_max` orders of the user after `after`, from the given days.
Result<std::vector<DayOrder>> read_orders(OrderStore& store, const UserId& user_id, Bucket bucket,
                                          const std::set<BusinessDay>& days,
                                          const std::optional<OrderPosition>& after,
                                          std::size_t orders_max) {
  std::vector<DayOrder> orders;
  for (const BusinessDay day : days | std::views::reverse) {
    if (after && day > after->day) continue;
    std::optional<OrderId> after_id;
    if (after && day == after->day) after_id = after->order_id;
    KONOMI_TRY(auto of_day,
               store.orders_of(user_id, bucket, day, after_id, orders_max - orders.size()));
    for (StoredOrder& stored : of_day) orders.push_back({day, std::move(stored.order)});
    if (orders.size() == orders_max) break;
  }
  return orders;
}

void write_order(wire::JsonWriter& json, const DayOrder& row) {
  json.begin_object();
  wire::write_answered_order(json, row.order, wire::OrderUser::known);
  json.key("date").date(row.day);
  json.end_object();
}

}  // namespace

void UserHandlers::register_routes(rest::Router& router) const {
  router.add(http::Method::get, "/api/v1/users/{id}", rest::Scope::read,
             [this](const http::Request& request) { return user(request); });
  router.add(http::Method::get, "/api/v1/users/{id}/orders", rest::Scope::read,
             [this](const http::Request& request) { return orders(request); });
}

Result<http::Response> UserHandlers::user(const http::Request& request) const {
  const UserId user_id(request.params.at(0));
  KONOMI_TRY(const auto days, counts_of(preferences_, user_id));
  if (days.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("user {} is not known: no order of theirs was counted yet",
                            quote(user_id.value())));
  }
  KONOMI_TRY(const auto preferences, preferences_.preferences_of({&user_id, 1}));
  const std::optional<Preference>& preference = preferences.front();
  KONOMI_TRY(const auto stored_rules, settings_.counting_rules());
  const PreferenceHistory history =
      derive_preference(days, stored_rules ? stored_rules->preference : rules_);
  const bool undecided = preference && preference->undecided;
  wire::JsonWriter json;
  json.begin_object();
  json.key("user_id").text(user_id.value());
  json.key("preference");
  if (preference && !undecided) {
    json.begin_object();
    wire::write_preference(json, {.user_id = user_id, .preference = *preference},
                           wire::PreferenceForm::answered);
    json.end_object();
  } else {
    json.null();
  }
  json.key("undecided").boolean(undecided);
  json.key("counts");
  write_total_counts(json, days);
  json.key("days");
  write_days(json, days);
  json.key("changes");
  write_changes(json, history.changes);
  json.end_object();
  return http::Response{.body = json.take()};
}

Result<http::Response> UserHandlers::orders(const http::Request& request) const {
  const UserId user_id(request.params.at(0));
  const Bucket bucket = bucket_of(user_id, buckets_);
  KONOMI_TRY(const std::uint64_t limit,
             rest::integer_parameter(request, "limit", kOrdersPerPage, kOrdersPerPageDefault));
  KONOMI_TRY(const auto after, asked_position(request, user_id));

  // A user's days are known once they are counted. An order still to be counted can only be on one
  // of the bucket's dirty days; they are read first, for a count may end in between.
  const CountingRules any_rules;  // Other rules bring nobody an order.
  KONOMI_TRY(const bool all_counted,
             everything_is_counted(orders_, summaries_, any_rules, buckets_));
  std::set<BusinessDay> days;
  if (!all_counted) {
    KONOMI_TRY(days, dirty_days(orders_, summaries_, any_rules, kGenerationMax, bucket));
  }
  KONOMI_TRY(const auto counts, counts_of(preferences_, user_id));
  for (const UserDayCounts& day : counts) days.insert(day.day);

  // One more than the page holds tells whether there is a next one.
  KONOMI_TRY(auto found, read_orders(orders_, user_id, bucket, days, after, limit + 1));
  if (found.empty() && counts.empty() && !after) {
    return fail(ErrorCode::not_found, fmt::format("user {} is not known: no order of theirs is "
                                                  "stored",
                                                  quote(user_id.value())));
  }
  const bool more = found.size() > limit;
  if (more) found.pop_back();
  wire::JsonWriter json;
  json.begin_object();
  json.key("user_id").text(user_id.value());
  json.key("orders").begin_array();
  for (const DayOrder& row : found) write_order(json, row);
  json.end_array();
  json.key("next_cursor");
  if (more) {
    const DayOrder& last = found.back();
    json.text(
        rest::encode_cursor(list_name(user_id), position_text({last.day, last.order.order_id})));
  } else {
    json.null();
  }
  json.end_object();
  return http::Response{.body = json.take()};
}

}  // namespace konomi::api
