#include "api/preference_text.h"

#include "base/csv.h"
#include "domain/timestamp.h"

#include <fmt/format.h>

#include <iterator>

namespace konomi::api {
namespace {

std::uint64_t share_of(const Preference& preference) {
  return share_e4(preference.orders, preference.total_orders);
}

}  // namespace

void write_preference(JsonWriter& json, const UserId& user_id, const Preference& preference) {
  json.begin_object();
  json.key("user_id").text(user_id.value());
  json.key("menu_type").text(preference.menu_type.value());
  json.key("orders").number(preference.orders);
  json.key("total_orders").number(preference.total_orders);
  json.key("share").decimal(share_of(preference), 4);
  json.key("runner_up");
  if (preference.runner_up) {
    json.text(preference.runner_up->value());
  } else {
    json.null();
  }
  json.key("runner_up_orders").number(preference.runner_up_orders);
  json.key("tied").boolean(preference.tied);
  json.key("since").date(preference.since);
  json.key("confidence").decimal(preference.confidence_e4, 4);
  json.key("last_ordered_at").instant(preference.last_ordered_at);
  json.end_object();
}

void append_preference_csv(std::string& out, const UserPreference& row) {
  const Preference& preference = row.preference;
  append_csv_field(out, row.user_id.value());
  out += ',';
  append_csv_field(out, preference.menu_type.value());
  fmt::format_to(std::back_inserter(out), ",{},{},", preference.orders, preference.total_orders);
  append_decimal(out, share_of(preference), 4);
  out += ',';
  if (preference.runner_up) append_csv_field(out, preference.runner_up->value());
  fmt::format_to(std::back_inserter(out), ",{},{},{},", preference.runner_up_orders,
                 preference.tied, to_string(preference.since));
  append_decimal(out, preference.confidence_e4, 4);
  fmt::format_to(std::back_inserter(out), ",{}\n", to_rfc3339(preference.last_ordered_at));
}

}  // namespace konomi::api
