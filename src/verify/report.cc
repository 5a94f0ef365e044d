#include "verify/report.h"

#include "wire/json_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace konomi::verify {
namespace {

constexpr std::size_t kColumns = 6;
constexpr std::size_t kDaysNamed = 7;  // More are told as a range; JSON has them all.
using Row = std::array<std::string, kColumns>;

Row row_of(const Difference& difference) {
  return {difference.day ? to_string(*difference.day) : "-",
          difference.bucket ? fmt::to_string(difference.bucket->value()) : "-",
          difference.user_id ? difference.user_id->value() : "-",
          difference.what,
          difference.expected,
          difference.found};
}

// By code points, so that "和食" takes two columns too few and never shifts a line by bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string table_of(const std::vector<Difference>& differences) {
  std::vector<Row> rows = {{"DAY", "BUCKET", "USER", "WHAT", "EXPECTED", "FOUND"}};
  for (const Difference& difference : differences) rows.push_back(row_of(difference));
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i)
      text += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    text += row.back() + "\n";
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

template <class Days>
void write_days(wire::JsonWriter& json, std::string_view name, const Days& days) {
  json.key(name).begin_array();
  for (const BusinessDay day : days) json.date(day);
  json.end_array();
}

void write_difference(wire::JsonWriter& json, const Difference& difference) {
  json.begin_object();
  json.key("what").text(difference.what);
  if (difference.day) json.key("date").date(*difference.day);
  if (difference.bucket) json.key("bucket").number(difference.bucket->value());
  if (difference.user_id) json.key("user_id").text(difference.user_id->value());
  json.key("expected").text(difference.expected);
  json.key("found").text(difference.found);
  json.key("mendable").boolean(difference.mendable);
  json.end_object();
}

std::vector<BusinessDay> days_in(const simdjson::dom::element& json, std::string_view name) {
  std::vector<BusinessDay> days;
  simdjson::dom::array list;
  if (json[name].get(list) != simdjson::SUCCESS) return days;
  for (const simdjson::dom::element item : list) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) continue;
    if (const auto day = parse_business_day(text)) days.push_back(*day);
  }
  return days;
}

Difference read_difference(const simdjson::dom::element& json) {
  Difference difference{.what = wire::text_at(json, "what"),
                        .expected = wire::text_at(json, "expected"),
                        .found = wire::text_at(json, "found")};
  if (const auto day = parse_business_day(wire::text_at(json, "date"))) difference.day = *day;
  if (json["bucket"].error() == simdjson::SUCCESS)
    difference.bucket = Bucket(static_cast<std::uint32_t>(wire::number_at(json, "bucket")));
  if (json["user_id"].error() == simdjson::SUCCESS)
    difference.user_id = UserId(wire::text_at(json, "user_id"));
  if (json["mendable"].get(difference.mendable) != simdjson::SUCCESS) difference.mendable = true;
  return difference;
}

}  // namespace

std::string to_text(const Report& report) {
  std::string text = fmt::format(
      "recounted {} from {} to {}: {} of {}, {:.1f} s\n",
      counted(report.days_recounted, "day", "days"), to_string(report.from), to_string(report.to),
      counted(report.orders, "order", "orders"), counted(report.users, "guest", "guests"),
      std::chrono::duration<double>(report.duration).count());
  if (!report.days_attested.empty()) {
    text +=
        fmt::format("attested {} from stored sums only, for the orders are not stored any more:",
                    counted(report.days_attested.size(), "day", "days"));
    const auto& days = report.days_attested;
    if (days.size() > kDaysNamed) {
      text += fmt::format(" {} to {}", to_string(days.front()), to_string(days.back()));
    } else {
      for (const BusinessDay day : days) text += " " + to_string(day);
    }
    text += "\n";
  }
  if (!report.not_counted_yet.empty()) {
    text += "not wholly counted yet, verify again later:";
    for (const BusinessDay day : report.not_counted_yet) text += " " + to_string(day);
    text += "\n";
  }
  if (report.differences_total == 0) return text + "no differences\n";
  text += fmt::format("{}\n\n", counted(report.differences_total, "difference", "differences"));
  text += table_of(report.differences);
  if (report.differences_total > report.differences.size())
    text += fmt::format("… and {} more\n", report.differences_total - report.differences.size());
  if (std::ranges::any_of(report.differences, [](const auto& found) { return !found.mendable; }))
    text += "counting again cannot mend days without stored orders, nor misplaced orders\n";
  return text;
}

void write_report(wire::JsonWriter& json, const Report& report) {
  json.begin_object();
  json.key("from").date(report.from);
  json.key("to").date(report.to);
  json.key("days_recounted").number(report.days_recounted);
  json.key("orders").number(report.orders);
  json.key("users").number(report.users);
  json.key("seconds").real(std::chrono::duration<double>(report.duration).count(), 3);
  write_days(json, "days_attested", report.days_attested);
  write_days(json, "not_counted_yet", report.not_counted_yet);
  json.key("differences_total").number(report.differences_total);
  json.key("differences").begin_array();
  for (const Difference& difference : report.differences) write_difference(json, difference);
  json.end_array();
  json.end_object();
}

Report read_report(const simdjson::dom::element& json) {
  Report report;
  report.from = parse_business_day(wire::text_at(json, "from")).value_or(BusinessDay());
  report.to = parse_business_day(wire::text_at(json, "to")).value_or(BusinessDay());
  report.days_recounted = wire::number_at(json, "days_recounted");
  report.orders = wire::number_at(json, "orders");
  report.users = wire::number_at(json, "users");
  double seconds = 0;
  if (json["seconds"].get(seconds) == simdjson::SUCCESS)
    report.duration = std::chrono::milliseconds(std::llround(seconds * 1000));
  report.days_attested = days_in(json, "days_attested");
  for (const BusinessDay day : days_in(json, "not_counted_yet")) report.not_counted_yet.insert(day);
  report.differences_total = wire::number_at(json, "differences_total");
  simdjson::dom::array differences;
  if (json["differences"].get(differences) != simdjson::SUCCESS) return report;
  for (const simdjson::dom::element item : differences)
    report.differences.push_back(read_difference(item));
  return report;
}

}  // namespace konomi::verify
