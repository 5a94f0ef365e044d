#include "domain/timestamp.h"

#include "domain/text.h"

#include <fmt/format.h>

#include <chrono>

namespace konomi {
namespace {

// Reads exactly `digits` decimal digits at `at`; -1 when they are not there.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool has_char(std::string_view text, std::size_t at, std::string_view allowed) {
  return at < text.size() && allowed.find(text[at]) != std::string_view::npos;
}

std::unexpected<Error> not_rfc3339(std::string_view text, std::string_view why) {
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("expected an RFC 3339 time like \"2025-05-31T09:00:00+09:00\", got {} ({})",
                  quote(text), why));
}

}  // namespace

Result<Timestamp> parse_rfc3339(std::string_view text) {
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  const bool shaped = year >= 0 && has_char(text, 4, "-") && month >= 0 && has_char(text, 7, "-") &&
                      day >= 0 && has_char(text, 10, "Tt ") && hour >= 0 &&
                      has_char(text, 13, ":") && minute >= 0 && has_char(text, 16, ":") &&
                      second >= 0;
  if (!shaped) return not_rfc3339(text, "not of the form YYYY-MM-DDTHH:MM:SS");
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return not_rfc3339(text, "no such date");
  if (hour > 23 || minute > 59 || second > 60) return not_rfc3339(text, "no such time of day");

  std::size_t at = 19;
  int milliseconds = 0;
  if (has_char(text, at, ".")) {
    ++at;
    const std::size_t begin = at;
    int scale = 100;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
      milliseconds += (text[at] - '0') * scale;
    }
    if (at == begin) return not_rfc3339(text, "no digits after the point");
  }

  std::chrono::minutes offset{0};
  if (has_char(text, at, "Zz")) {
    ++at;
  } else if (has_char(text, at, "+-")) {
    const int sign = text[at] == '-' ? -1 : 1;
    const int offset_hours = number_at(text, at + 1, 2);
    const int offset_minutes = number_at(text, at + 4, 2);
    if (offset_hours < 0 || offset_hours > 23 || !has_char(text, at + 3, ":") ||
        offset_minutes < 0 || offset_minutes > 59) {
      return not_rfc3339(text, "the offset is not of the form +HH:MM");
    }
    offset = sign * (std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes));
    at += 6;
  } else {
    return not_rfc3339(text, "the offset (Z or +HH:MM) is missing");
  }
  if (at != text.size()) return not_rfc3339(text, "text after the offset");

  return Timestamp(std::chrono::sys_days(date) + std::chrono::hours(hour) +
                   std::chrono::minutes(minute) + std::chrono::seconds(second) +
                   std::chrono::milliseconds(milliseconds) - offset);
}

std::string to_rfc3339(Timestamp instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

}  // namespace konomi
