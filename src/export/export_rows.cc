#include "export/export_rows.h"

#include "base/csv.h"
#include "base/json.h"
#include "domain/timestamp.h"
#include "encoding/order_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace konomi::exporting {
namespace {

constexpr std::string_view kPreferenceColumns =
    "menu_type,orders,total_orders,runner_up,runner_up_orders,tied,since,confidence,"
    "last_ordered_at";

// `"menu_type":"washoku"` with a comma before it unless it is the object's first.
void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (!out.ends_with('{') && !out.ends_with(',')) out += ',';
  fmt::format_to(std::back_inserter(out), "\"{}\":", name);
  append_json_string(out, text);
}

// {"state":"prefers","menu_type":"washoku"}: a type may be called "none", too.
void append_standing(std::string& out, std::string_view name, const Standing& standing) {
  const std::string_view state =
      standing.is_type() ? "prefers" : (standing.is_undecided() ? "undecided" : "none");
  fmt::format_to(std::back_inserter(out), ",\"{}\":{{\"state\":\"{}\"", name, state);
  if (standing.is_type()) append_member(out, "menu_type", standing.menu_type().value());
  out += '}';
}

void append_standing_csv(std::string& out, const Standing& standing) {
  out += standing.is_type() ? "prefers," : (standing.is_undecided() ? "undecided," : "none,");
  append_csv_field(out, standing.menu_type().value());
}

// Four decimals: that is how many are stored.
std::string confidence_text(const Preference& preference) {
  return fmt::format("{}.{:04}", preference.confidence_e4 / 10'000,
                     preference.confidence_e4 % 10'000);
}

void append_preference(std::string& out, const Preference& preference) {
  append_member(out, "menu_type", preference.menu_type.value());
  fmt::format_to(std::back_inserter(out), ",\"orders\":{},\"total_orders\":{}", preference.orders,
                 preference.total_orders);
  if (preference.runner_up) {
    append_member(out, "runner_up", preference.runner_up->value());
  } else {
    out += ",\"runner_up\":null";
  }
  fmt::format_to(std::back_inserter(out),
                 R"(,"runner_up_orders":{},"tied":{},"since":"{}","confidence":{},)"
                 R"("last_ordered_at":"{}")",
                 preference.runner_up_orders, preference.tied, to_string(preference.since),
                 confidence_text(preference), to_rfc3339(preference.last_ordered_at));
}

void append_preference_csv(std::string& out, const Preference& preference) {
  append_csv_field(out, preference.menu_type.value());
  fmt::format_to(std::back_inserter(out), ",{},{},", preference.orders, preference.total_orders);
  if (preference.runner_up) append_csv_field(out, preference.runner_up->value());
  fmt::format_to(std::back_inserter(out), ",{},{},{},{},{}", preference.runner_up_orders,
                 preference.tied, to_string(preference.since), confidence_text(preference),
                 to_rfc3339(preference.last_ordered_at));
}

HourCounts hours_of(const DayFigures& figures) {
  HourCounts hours{};
  for (const auto& [type, of_type] : figures.types) {
    for (std::size_t hour = 0; hour < hours.size(); ++hour) hours[hour] += of_type.by_hour[hour];
  }
  return hours;
}

}  // namespace

std::string_view csv_header(std::string_view kind) {
  static const std::string kUsers = fmt::format("user_id,{},undecided,days\n", kPreferenceColumns);
  static const std::string kSegments = fmt::format("user_id,{}\n", kPreferenceColumns);
  static const std::string kDays = [] {
    std::string header = "date,menu_type,orders,users";
    for (int hour = 0; hour < 24; ++hour) header += fmt::format(",h{:02}", hour);
    return header + "\n";
  }();
  if (kind == "menu_types") return "menu_type,label_ja,label_en,color,position,hidden\n";
  if (kind == "orders") return "order_id,user_id,ordered_at,menu_type,status\n";
  if (kind == "days") return kDays;
  if (kind == "users") return kUsers;
  if (kind == "segments") return kSegments;
  return "date,user_id,from,from_menu_type,to,to_menu_type\n";
}

void RowWriter::menu_type(std::string& out, const MenuTypeEntry& entry) const {
  if (format == Format::csv) {
    for (const std::string_view text :
         {std::string_view(entry.id.value()), std::string_view(entry.label_ja),
          std::string_view(entry.label_en)}) {
      append_csv_field(out, text);
      out += ',';
    }
    out += fmt::format("{},{},{}\n", entry.color,
                       entry.position ? fmt::to_string(*entry.position) : "", entry.hidden);
    return;
  }
  out += "{" + kind;
  append_member(out, "menu_type", entry.id.value());
  out += ",\"labels\":{";
  append_member(out, "ja", entry.label_ja);
  append_member(out, "en", entry.label_en);
  out += "},\"color\":";
  if (entry.color.empty()) {
    out += "null";
  } else {
    append_json_string(out, entry.color);
  }
  out += fmt::format(",\"position\":{},\"hidden\":{}}}\n",
                     entry.position ? fmt::to_string(*entry.position) : "null", entry.hidden);
}

void RowWriter::order(std::string& out, const Order& order) const {
  if (format == Format::csv) {
    append_csv_field(out, order.order_id.value());
    out += ',';
    append_csv_field(out, order.user_id.value());
    out += fmt::format(",{},", to_rfc3339(order.ordered_at));
    append_csv_field(out, order.menu_type.value());
    out += fmt::format(",{}\n", name_of(order.status));
    return;
  }
  const std::size_t begin = out.size();
  encoding::append_order_json(out, order);
  out.insert(begin + 1, kind);
  out += '\n';
}

void RowWriter::day(std::string& out, const DaySummary& day) const {
  const std::string date = to_string(day.day);
  const DayFigures& figures = day.figures;
  if (format == Format::csv) {
    for (const auto& [type, of_type] : figures.types) {
      out += date + ",";
      append_csv_field(out, type.value());
      out += fmt::format(",{},,{}\n", of_type.orders, fmt::join(of_type.by_hour, ","));
    }
    out += fmt::format("{},,{},{},{}\n", date, figures.orders, figures.users,
                       fmt::join(hours_of(figures), ","));
    return;
  }
  out += "{" + kind;
  append_member(out, "date", date);
  out += fmt::format(R"(,"orders":{},"users":{},"checksum":"{:016x}","hours":[{}],"counts":[)",
                     figures.orders, figures.users, figures.checksum,
                     fmt::join(hours_of(figures), ","));
  for (const auto& [type, of_type] : figures.types) {
    out += out.ends_with('[') ? "{" : ",{";
    append_member(out, "menu_type", type.value());
    out += fmt::format(",\"orders\":{},\"hours\":[{}]}}", of_type.orders,
                       fmt::join(of_type.by_hour, ","));
  }
  out += "],\"moves\":[";
  for (const auto& [move, users] : day.moves) {
    // What nobody moved between any more is stored on one engine and not on another.
    if (users == 0) continue;
    out += out.ends_with('[') ? "{" : ",{";
    out += fmt::format("\"users\":{}", users);
    append_standing(out, "from", move.first);
    append_standing(out, "to", move.second);
    out += '}';
  }
  out += "]}\n";
}

void RowWriter::user(std::string& out, const UserPreference& user,
                     std::span<const UserDayCounts> days) const {
  std::size_t days_with_orders = 0;
  for (const UserDayCounts& day : days) days_with_orders += day.counts.empty() ? 0 : 1;
  if (format == Format::csv) {
    append_csv_field(out, user.user_id.value());
    out += ',';
    append_preference_csv(out, user.preference);
    out += fmt::format(",{},{}\n", user.preference.undecided, days_with_orders);
    return;
  }
  out += "{" + kind;
  append_member(out, "user_id", user.user_id.value());
  append_preference(out, user.preference);
  out += fmt::format(",\"undecided\":{},\"days\":{},\"counts\":[", user.preference.undecided,
                     days_with_orders);
  for (const TypeCount& count : total_counts(days)) {
    out += out.ends_with('[') ? "{" : ",{";
    append_member(out, "menu_type", count.menu_type.value());
    out += fmt::format(R"(,"orders":{},"last_ordered_at":"{}"}})", count.orders,
                       to_rfc3339(count.last_ordered_at));
  }
  out += "]}\n";
}

void RowWriter::member(std::string& out, const UserPreference& user) const {
  if (format == Format::csv) {
    append_csv_field(out, user.user_id.value());
    out += ',';
    append_preference_csv(out, user.preference);
    out += '\n';
    return;
  }
  out += "{" + kind;
  append_member(out, "user_id", user.user_id.value());
  append_preference(out, user.preference);
  out += "}\n";
}

void RowWriter::change(std::string& out, const UserId& user_id,
                       const PreferenceChange& change) const {
  if (format == Format::csv) {
    out += to_string(change.day) + ",";
    append_csv_field(out, user_id.value());
    out += ',';
    append_standing_csv(out, change.from);
    out += ',';
    append_standing_csv(out, change.to);
    out += '\n';
    return;
  }
  out += "{" + kind;
  append_member(out, "date", to_string(change.day));
  append_member(out, "user_id", user_id.value());
  append_standing(out, "from", change.from);
  append_standing(out, "to", change.to);
  out += "}\n";
}

}  // namespace konomi::exporting
