#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <chrono>
#include <compare>
#include <memory>
#include <string>
#include <string_view>

namespace konomi {

// A restaurant's day: a date of its local calendar. A BusinessCalendar knows which instants belong
// to it.
class BusinessDay {
 public:
  constexpr BusinessDay() = default;
  constexpr explicit BusinessDay(std::chrono::local_days date) : date_(date) {}

  constexpr std::chrono::local_days date() const { return date_; }
  constexpr int days_since_1970() const {
    return static_cast<int>(date_.time_since_epoch().count());
  }
  static constexpr BusinessDay from_days_since_1970(int days) {
    return BusinessDay(std::chrono::local_days(std::chrono::days(days)));
  }
  constexpr int year() const { return static_cast<int>(std::chrono::year_month_day(date_).year()); }

  friend constexpr BusinessDay operator+(BusinessDay day, std::chrono::days n) {
    return BusinessDay(day.date_ + n);
  }
  friend constexpr BusinessDay operator-(BusinessDay day, std::chrono::days n) {
    return BusinessDay(day.date_ - n);
  }
  friend constexpr std::chrono::days operator-(BusinessDay a, BusinessDay b) {
    return a.date_ - b.date_;
  }
  friend constexpr auto operator<=>(const BusinessDay& a, const BusinessDay& b) {
    return a.days_since_1970() <=> b.days_since_1970();
  }
  friend constexpr bool operator==(const BusinessDay&, const BusinessDay&) = default;

 private:
  std::chrono::local_days date_;
};

std::string to_string(BusinessDay day);  // "2012-04-26"

// Reads "YYYY-MM-DD", years 1970 to 9999; `invalid_argument` says what is wrong with which value.
Result<BusinessDay> parse_business_day(std::string_view text);

// Reads a day's start, "HH:MM", 00:00 to 23:59.
Result<std::chrono::minutes> parse_day_starts_at(std::string_view text);
std::string day_starts_at_text(std::chrono::minutes day_starts_at);

// Maps instants to business days: the local date in one IANA time zone, a day starting at a fixed
// local time (docs/design.md#business-day). Days are half-open, follow each other without gap or
// overlap, and are 23 or 25 hours long where the clocks change. A start that a change of clocks
// skips happens at the change; one that happens twice counts the first time. Safe from every
// thread.
class BusinessCalendar {
 public:
  // `invalid_argument` for a zone that the system's tzdata does not know.
  static Result<BusinessCalendar> make(std::string_view time_zone,
                                       std::chrono::minutes day_starts_at);

  struct Interval {
    Timestamp begin;
    Timestamp end;  // Exclusive.
  };

  BusinessDay day_of(Timestamp instant) const;
  Interval interval_of(BusinessDay day) const;
  // The hour on the restaurant's clock, 0–23.
  int hour_of(Timestamp instant) const;

  const std::string& time_zone() const;
  std::chrono::minutes day_starts_at() const { return day_starts_at_; }

 private:
  struct Zone;  // Keeps the time zone library out of this header.

  BusinessCalendar(std::shared_ptr<const Zone> zone, std::chrono::minutes day_starts_at);
  Timestamp start_of(BusinessDay day) const;

  std::shared_ptr<const Zone> zone_;
  std::chrono::minutes day_starts_at_;
};

}  // namespace konomi
