#include "simulate/guests.h"

#include "domain/menu_type.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace konomi::simulate {
namespace {

constexpr std::size_t kLunch = 0, kEvening = 1, kWeekend = 2, kAnyTime = 3;
constexpr double kVisitsAWeekMin = 0.3, kVisitsAWeekMax = 5;

}  // namespace

std::vector<MenuTypeWeight> default_menu_types() {
  return {{MenuType("washoku"), 5},
          {MenuType("yoshoku"), 4},
          {MenuType("chuka"), 2},
          {MenuType("cafe"), 2},
          {MenuType("ethnic"), 1}};
}

Result<std::vector<MenuTypeWeight>> parse_menu_types(std::string_view text) {
  std::vector<MenuTypeWeight> out;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view entry = text.substr(0, comma);
    const std::size_t colon = entry.rfind(':');
    double weight = 1;
    if (colon != std::string_view::npos) {
      const char* const end = entry.data() + entry.size();
      const auto [at, error] = std::from_chars(entry.data() + colon + 1, end, weight);
      const bool number = error == std::errc{} && at == end && std::isfinite(weight);
      if (!number || weight <= 0 || weight > 1e6) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} has no weight after its colon; expected a number above 0, as "
                                "in \"washoku:5,yoshoku:3\"",
                                quote(entry)));
      }
    }
    const MenuType type{std::string(entry.substr(0, colon))};
    KONOMI_CHECK_OK(check_menu_type_entry({.id = type}));
    out.push_back({type, weight});
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::vector<double> hour_weights(const BusinessCalendar& calendar,
                                 const BusinessCalendar::Interval& day, Timestamp end,
                                 const VisitingRhythm& rhythm) {
  std::vector<double> out;
  for (Timestamp hour = day.begin; hour < day.end; hour += std::chrono::hours(1)) {
    const Timestamp hour_end = std::min({hour + std::chrono::hours(1), day.end, end});
    const double part =
        std::max(0.0, std::chrono::duration<double, std::ratio<3600>>(hour_end - hour).count());
    out.push_back(part * rhythm.by_hour[static_cast<std::size_t>(calendar.hour_of(hour))]);
  }
  return out;
}

const std::vector<VisitingRhythm>& rhythms() {
  static const std::vector<VisitingRhythm> kTable = [] {
    std::vector<VisitingRhythm> out(4);
    //                     Sun  Mon Tue  Wed  Thu  Fri  Sat
    out[kLunch].by_weekday = {0.1, 1, 0.9, 0.9, 1, 1, 0.2};
    out[kEvening].by_weekday = {0.4, 0.5, 0.5, 0.6, 0.7, 1, 0.9};
    out[kWeekend].by_weekday = {1, 0.1, 0.1, 0.1, 0.1, 0.3, 1};
    out[kAnyTime].by_weekday = {0.9, 0.8, 0.8, 0.8, 0.8, 1, 1};
    //                             11 12 13 14
    const auto set = [&](std::size_t rhythm, std::size_t from, std::vector<double> hours) {
      for (std::size_t i = 0; i < hours.size(); ++i) out[rhythm].by_hour[from + i] = hours[i];
    };
    set(kLunch, 11, {4, 10, 5, 1});
    set(kEvening, 17, {2, 6, 10, 8, 4, 1});
    set(kWeekend, 11, {3, 8, 6, 3, 2, 2, 4, 7, 6, 3});
    set(kAnyTime, 11, {3, 8, 5, 2, 1, 1, 3, 6, 8, 5, 2});
    return out;
  }();
  return kTable;
}

std::vector<Guest> make_guests(std::size_t count, const std::vector<MenuTypeWeight>& menu_types,
                               Random& random) {
  std::vector<double> weights;
  for (const MenuTypeWeight& type : menu_types) weights.push_back(type.weight);
  const Lottery types(weights);
  const Lottery rhythm({4, 3, 2, 3});
  std::vector<Guest> guests;
  guests.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Guest guest{.id = UserId(fmt::format("guest-{:04}", i + 1))};
    guest.favourite = guest.later_favourite = types.draw(random);
    const bool taste_changes = random.happens(0.15);
    const std::size_t other = types.draw(random);
    const double changes_at = random.between(0.3, 0.8);
    if (taste_changes) {
      guest.later_favourite = other;
      guest.changes_at = changes_at;
    }
    guest.faithfulness = random.between(0.5, 0.95);
    // A few come often and many now and then.
    guest.frequency = kVisitsAWeekMin * std::pow(kVisitsAWeekMax / kVisitsAWeekMin, random.share());
    const bool new_guest = random.happens(0.4);
    const double comes_first_at = random.between(0, 0.8);
    guest.comes_first_at = new_guest && i > 0 ? comes_first_at : 0;
    guest.rhythm = rhythm.draw(random);
    guests.push_back(std::move(guest));
  }
  return guests;
}

std::uint32_t fingerprint(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

}  // namespace konomi::simulate
