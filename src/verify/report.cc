#include "verify/report.h"

#include "base/json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

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

void append_member(std::string& out, std::string_view name, std::string_view text) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
  append_json_string(out, text);
}

template <class Days>
void append_days(std::string& out, const Days& days) {
  for (const BusinessDay day : days)
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", out.ends_with('[') ? "" : ",",
                   to_string(day));
}

void append_difference(std::string& out, const Difference& difference) {
  out += "{\"what\":";
  append_json_string(out, difference.what);
  if (difference.day) append_member(out, "date", to_string(*difference.day));
  if (difference.bucket)
    fmt::format_to(std::back_inserter(out), ",\"bucket\":{}", difference.bucket->value());
  if (difference.user_id) append_member(out, "user_id", difference.user_id->value());
  append_member(out, "expected", difference.expected);
  append_member(out, "found", difference.found);
  fmt::format_to(std::back_inserter(out), ",\"mendable\":{}}}", difference.mendable);
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

std::string to_json(const Report& report) {
  std::string out = fmt::format(
      R"({{"from":"{}","to":"{}","days_recounted":{},"orders":{},"users":{},"seconds":{:.3f},)"
      R"("days_attested":[)",
      to_string(report.from), to_string(report.to), report.days_recounted, report.orders,
      report.users, std::chrono::duration<double>(report.duration).count());
  append_days(out, report.days_attested);
  out += R"(],"not_counted_yet":[)";
  append_days(out, report.not_counted_yet);
  fmt::format_to(std::back_inserter(out), R"(],"differences_total":{},"differences":[)",
                 report.differences_total);
  for (const Difference& difference : report.differences) {
    if (!out.ends_with('[')) out += ',';
    append_difference(out, difference);
  }
  return out + "]}";
}

}  // namespace konomi::verify
