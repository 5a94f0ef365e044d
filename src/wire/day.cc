#include "wire/day.h"

#include "wire/preference.h"

#include <fmt/format.h>

#include <cstddef>

namespace konomi::wire {
namespace {

HourCounts hours_of(const DayFigures& figures) {
  HourCounts hours{};
  for (const auto& [type, of_type] : figures.types) {
    for (std::size_t hour = 0; hour < hours.size(); ++hour) hours[hour] += of_type.by_hour[hour];
  }
  return hours;
}

void write_hours(JsonWriter& json, const HourCounts& hours) {
  json.key("hours").begin_array();
  for (const std::uint64_t orders : hours) json.number(orders);
  json.end_array();
}

void write_hours(CsvWriter& csv, const HourCounts& hours) {
  for (std::size_t hour = 0; hour < hours.size(); ++hour)
    csv.key(fmt::format("h{:02}", hour)).number(hours[hour]);
}

// Every record before this many was read; summed over the log's partitions.
std::uint64_t records_of(const Marks& counted_up_to) {
  std::uint64_t records = 0;
  for (const auto& [partition, highest] : counted_up_to) records += highest.value() + 1;
  return records;
}

void write_counts(JsonWriter& json, const DaySummary& day, std::span<const MenuTypeEntry> catalogue,
                  DayCounts counts) {
  static const TypeFigures kNone;
  json.key("counts").begin_array();
  for (const MenuTypeEntry& entry : catalogue) {
    const auto found = day.figures.types.find(entry.id);
    const TypeFigures& figures = found == day.figures.types.end() ? kNone : found->second;
    json.begin_object();
    json.key("menu_type").text(entry.id.value());
    json.key("count").number(figures.orders);
    if (counts == DayCounts::by_hour) write_hours(json, figures.by_hour);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_day(JsonWriter& json, const DaySummary& day) {
  const DayFigures& figures = day.figures;
  json.key("date").date(day.day);
  json.key("orders").number(figures.orders);
  json.key("users").number(figures.users);
  json.key("checksum").text(fmt::format("{:016x}", figures.checksum));
  write_hours(json, hours_of(figures));
  json.key("counts").begin_array();
  for (const auto& [type, of_type] : figures.types) {
    json.begin_object();
    json.key("menu_type").text(type.value());
    json.key("orders").number(of_type.orders);
    write_hours(json, of_type.by_hour);
    json.end_object();
  }
  json.end_array();
  json.key("moves").begin_array();
  for (const auto& [move, users] : day.moves) {
    // Moves that nobody makes any more are stored on one engine and not on another.
    if (users == 0) continue;
    json.begin_object();
    json.key("users").number(users);
    json.key("from");
    write_standing(json, move.first);
    json.key("to");
    write_standing(json, move.second);
    json.end_object();
  }
  json.end_array();
}

void write_day(CsvWriter& csv, const DaySummary& day) {
  const DayFigures& figures = day.figures;
  for (const auto& [type, of_type] : figures.types) {
    csv.key("date").date(day.day);
    csv.key("menu_type").text(type.value());
    csv.key("orders").number(of_type.orders);
    csv.key("users").null();
    write_hours(csv, of_type.by_hour);
    csv.end_row();
  }
  csv.key("date").date(day.day);
  csv.key("menu_type").null();
  csv.key("orders").number(figures.orders);
  csv.key("users").number(figures.users);
  write_hours(csv, hours_of(figures));
  csv.end_row();
}

void write_answered_day(JsonWriter& json, const DaySummary& day,
                        std::span<const MenuTypeEntry> catalogue, DayCounts counts) {
  json.begin_object();
  json.key("date").date(day.day);
  json.key("state").text(name_of(day.state));
  json.key("revision").number(day.revision);
  json.key("computed_at").instant(day.computed_at);
  json.key("counted_up_to").number(records_of(day.counted_up_to));
  json.key("orders").number(day.figures.orders);
  json.key("users").number(day.figures.users);
  write_counts(json, day, catalogue, counts);
  write_hours(json, hours_of(day.figures));
  json.end_object();
}

void write_first_version_day(JsonWriter& json, const DaySummary& day,
                             std::span<const MenuTypeEntry> catalogue) {
  json.begin_object();
  json.key("date").date(day.day);
  write_counts(json, day, catalogue, DayCounts::whole);
  json.end_object();
}

}  // namespace konomi::wire
