#include "domain/business_day.h"

#include "domain/text.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <stdexcept>

namespace konomi {
namespace {

// Two digits at `at`, or -1.
int two_digits(std::string_view text, std::size_t at) {
  const auto digit = [&](std::size_t i) {
    return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -100;
  };
  return digit(at) * 10 + digit(at + 1);
}

}  // namespace

struct BusinessCalendar::Zone {
  const date::time_zone* zone;
  std::string name;
};

std::string to_string(BusinessDay day) {
  const std::chrono::year_month_day date(day.date());
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

Result<BusinessDay> parse_business_day(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("expected a date like \"2025-05-31\", got {} ({})", quote(text), why));
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-')
    return bad("not of the form YYYY-MM-DD");
  const int century = two_digits(text, 0), year = two_digits(text, 2), month = two_digits(text, 5),
            day = two_digits(text, 8);
  if (century < 0 || year < 0 || month < 0 || day < 0) return bad("not of the form YYYY-MM-DD");
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad("no such date");
  if (century * 100 + year < 1970) return bad("before 1970");
  return BusinessDay(std::chrono::local_days(date));
}

Result<std::chrono::minutes> parse_day_starts_at(std::string_view text) {
  if (text.size() == 5 && text[2] == ':') {
    const int hour = two_digits(text, 0), minute = two_digits(text, 3);
    if (hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59) {
      return std::chrono::hours(hour) + std::chrono::minutes(minute);
    }
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("expected the start of a business day as HH:MM, 00:00 to 23:59, got {}",
                          quote(text)));
}

std::string day_starts_at_text(std::chrono::minutes day_starts_at) {
  return fmt::format("{:02}:{:02}", day_starts_at.count() / 60, day_starts_at.count() % 60);
}

BusinessCalendar::BusinessCalendar(std::shared_ptr<const Zone> zone,
                                   std::chrono::minutes day_starts_at)
    : zone_(std::move(zone)), day_starts_at_(day_starts_at) {}

Result<BusinessCalendar> BusinessCalendar::make(std::string_view time_zone,
                                                std::chrono::minutes day_starts_at) {
  try {
    const date::time_zone* zone = date::locate_zone(std::string(time_zone));
    return BusinessCalendar(std::make_shared<const Zone>(Zone{zone, std::string(time_zone)}),
                            day_starts_at);
  } catch (const std::runtime_error& error) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("time zone {} is not known ({}); expected an IANA name like "
                            "\"Asia/Tokyo\" from the tzdata package",
                            quote(time_zone), error.what()));
  }
}

const std::string& BusinessCalendar::time_zone() const {
  return zone_->name;
}

Timestamp BusinessCalendar::start_of(BusinessDay day) const {
  const date::local_time<std::chrono::milliseconds> local{
      (day.date() + day_starts_at_).time_since_epoch()};
  return zone_->zone->to_sys(local, date::choose::earliest);
}

BusinessCalendar::Interval BusinessCalendar::interval_of(BusinessDay day) const {
  return {start_of(day), start_of(day + std::chrono::days(1))};
}

BusinessDay BusinessCalendar::day_of(Timestamp instant) const {
  const date::sys_info info = zone_->zone->get_info(date::floor<std::chrono::seconds>(instant));
  const auto local = instant.time_since_epoch() + info.offset - day_starts_at_;
  const BusinessDay guess = BusinessDay::from_days_since_1970(
      static_cast<int>(std::chrono::floor<std::chrono::days>(local).count()));
  // Away from a change of clocks the offset decides. Near one, the day's own start and end do: a
  // start that happens twice counts once.
  const bool clocks_change_near =
      instant - info.begin < std::chrono::hours(48) || info.end - instant < std::chrono::hours(48);
  if (!clocks_change_near) return guess;
  if (instant < start_of(guess)) return guess - std::chrono::days(1);
  if (instant >= start_of(guess + std::chrono::days(1))) return guess + std::chrono::days(1);
  return guess;
}

int BusinessCalendar::hour_of(Timestamp instant) const {
  const date::sys_info info = zone_->zone->get_info(date::floor<std::chrono::seconds>(instant));
  const auto local = instant.time_since_epoch() + info.offset;
  const auto since_midnight = local - std::chrono::floor<std::chrono::days>(local);
  return static_cast<int>(std::chrono::floor<std::chrono::hours>(since_midnight).count());
}

}  // namespace konomi
