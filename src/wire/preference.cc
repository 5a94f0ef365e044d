#include "wire/preference.h"

#include "wire/numbers.h"

#include <algorithm>
#include <string_view>

namespace konomi::wire {
namespace {

// The columns of both forms.
template <class Writer>
void write_fields(Writer& out, const UserPreference& user, PreferenceForm form) {
  const Preference& preference = user.preference;
  const bool is_answer = form == PreferenceForm::answered;
  const auto fraction = [&](std::string_view name, std::uint64_t e4) {
    out.key(name);
    is_answer ? out.decimal(e4, 4) : out.fixed_decimal(e4, 4);
  };
  out.key("user_id").text(user.user_id.value());
  out.key("menu_type").text(preference.menu_type.value());
  out.key("orders").number(preference.orders);
  out.key("total_orders").number(preference.total_orders);
  if (is_answer) fraction("share", share_e4(preference.orders, preference.total_orders));
  out.key("runner_up");
  preference.runner_up ? out.text(preference.runner_up->value()) : out.null();
  out.key("runner_up_orders").number(preference.runner_up_orders);
  out.key("tied").boolean(preference.tied);
  out.key("since").date(preference.since);
  fraction("confidence", preference.confidence_e4);
  out.key("last_ordered_at").instant(preference.last_ordered_at);
}

template <class Writer>
void write_user_fields(Writer& out, const UserPreference& user,
                       std::span<const UserDayCounts> days) {
  write_fields(out, user, PreferenceForm::exported);
  out.key("undecided").boolean(user.preference.undecided);
  out.key("days").number(static_cast<std::uint64_t>(
      std::ranges::count_if(days, [](const auto& day) { return !day.counts.empty(); })));
}

std::string_view state_of(const Standing& standing) {
  return standing.is_type() ? "prefers" : (standing.is_undecided() ? "undecided" : "none");
}

}  // namespace

void write_preference(JsonWriter& json, const UserPreference& user, PreferenceForm form) {
  write_fields(json, user, form);
}

void write_preference(CsvWriter& csv, const UserPreference& user, PreferenceForm form) {
  write_fields(csv, user, form);
  csv.end_row();
}

void write_user(JsonWriter& json, const UserPreference& user, std::span<const UserDayCounts> days) {
  write_user_fields(json, user, days);
  json.key("counts");
  write_type_counts(json, total_counts(days));
}

void write_user(CsvWriter& csv, const UserPreference& user, std::span<const UserDayCounts> days) {
  write_user_fields(csv, user, days);
  csv.end_row();
}

void write_type_counts(JsonWriter& json, std::span<const TypeCount> counts) {
  json.begin_array();
  for (const TypeCount& count : counts) {
    json.begin_object();
    json.key("menu_type").text(count.menu_type.value());
    json.key("orders").number(count.orders);
    json.key("last_ordered_at").instant(count.last_ordered_at);
    json.end_object();
  }
  json.end_array();
}

void write_standing(JsonWriter& json, const Standing& standing) {
  json.begin_object();
  json.key("state").text(state_of(standing));
  if (standing.is_type()) json.key("menu_type").text(standing.menu_type().value());
  json.end_object();
}

void write_change(JsonWriter& json, const UserChange& change) {
  json.key("date").date(change.change.day);
  json.key("user_id").text(change.user_id.value());
  json.key("from");
  write_standing(json, change.change.from);
  json.key("to");
  write_standing(json, change.change.to);
}

void write_change(CsvWriter& csv, const UserChange& change) {
  csv.key("date").date(change.change.day);
  csv.key("user_id").text(change.user_id.value());
  csv.key("from").text(state_of(change.change.from));
  csv.key("from_menu_type").text(change.change.from.menu_type().value());
  csv.key("to").text(state_of(change.change.to));
  csv.key("to_menu_type").text(change.change.to.menu_type().value());
  csv.end_row();
}

void write_segment_change(JsonWriter& json, const PreferenceChange& change) {
  json.begin_object();
  json.key("date").date(change.day);
  json.key("from").text_or_null(change.from.menu_type().value());
  json.key("to").text_or_null(change.to.menu_type().value());
  json.end_object();
}

}  // namespace konomi::wire
