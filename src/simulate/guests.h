#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/business_day.h"
#include "domain/ids.h"
#include "simulate/random.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace konomi::simulate {

struct MenuTypeWeight {
  MenuType type;
  double weight = 1;
};

// washoku and yoshoku above all, and a few others.
std::vector<MenuTypeWeight> default_menu_types();

// Reads "washoku:5,yoshoku:3,Café au lait"; a type without a weight has 1. `invalid_argument` says
// what is wrong.
Result<std::vector<MenuTypeWeight>> parse_menu_types(std::string_view text);

// When a guest comes: the restaurant's lunch and dinner peaks are made of these.
struct VisitingRhythm {
  std::array<double, 7> by_weekday;  // From Sunday; at most 1.
  std::array<double, 24> by_hour;    // On the restaurant's clock.
};

// The hours of `day`, from its start, with how much of a guest's coming falls into each one before
// `end`.
std::vector<double> hour_weights(const BusinessCalendar& calendar,
                                 const BusinessCalendar::Interval& day, Timestamp end,
                                 const VisitingRhythm& rhythm);

struct Guest {
  UserId id;  // "guest-0001"
  std::size_t favourite = 0;
  std::size_t later_favourite = 0;  // The same, unless this guest's taste changes …
  double changes_at = 1;            // … after this share of a history.
  double faithfulness = 0;          // How often an order is the favourite, at the least.
  double frequency = 0;             // Visits a week, on average.
  double comes_first_at = 0;        // From which share of a history on.
  std::size_t rhythm = 0;           // Into rhythms().

  std::size_t favourite_at(double share_of_history) const {
    return share_of_history < changes_at ? favourite : later_favourite;
  }
};

const std::vector<VisitingRhythm>& rhythms();

// Guests with habits; the same for the same random numbers. `count` is at least 1.
std::vector<Guest> make_guests(std::size_t count, const std::vector<MenuTypeWeight>& menu_types,
                               Random& random);

// A number by which ids of differing simulations are told apart: FNV-1a.
std::uint32_t fingerprint(std::string_view text);

}  // namespace konomi::simulate
