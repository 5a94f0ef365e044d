#pragma once

#include "base/clock.h"
#include "domain/business_day.h"
#include "domain/menu_type.h"
#include "domain/order.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace konomi::simulate {

// The menu types of the demonstration's restaurant, with labels in Japanese and English.
std::vector<MenuTypeEntry> demo_menu_types();

// A made-up family restaurant that never closes, for demonstrations: some 500 orders a day, so that
// one comes about every minute or two by day and every quarter of an hour at night.
//
// The orders of a business day follow from the seed, the calendar and the date alone: a day
// made again, at any time, has the same orders with the same ids. A demonstration that was stopped
// can therefore go on as if it had never stopped.
class DemoRestaurant {
 public:
  DemoRestaurant(std::uint64_t seed, BusinessCalendar calendar);

  // Every order of `day`, ascending by ordered_at, whether its time has come or not.
  std::vector<Order> orders_of(BusinessDay day) const;

 private:
  // A seat among the regulars. One guest after another holds it, each for `stay` days: this is how
  // guests come for the first time, and stop coming, at a steady pace.
  struct Seat {
    double frequency = 0;   // Visits a week, on average.
    std::size_t crowd = 0;  // Who comes when, and likes what.
    int stay = 0;           // Days.
    int phase = 0;          // Days by which the first stay began before 1970.
  };

  struct Visitor {
    UserId id;  // "guest-000001"
    std::size_t favourite = 0;
    double faithfulness = 0;  // How often an order is the favourite, at the least.
  };

  Visitor visitor_at(std::size_t seat_index, BusinessDay day) const;

  const std::uint64_t seed_;
  const BusinessCalendar calendar_;
  const std::vector<MenuTypeEntry> menu_types_ = demo_menu_types();
  std::string id_prefix_;
  std::vector<Seat> seats_;
};

// A restaurant's orders one after another, from the beginning of a day on and without end.
class DemoFeed {
 public:
  DemoFeed(DemoRestaurant restaurant, BusinessDay first);

  // The orders made up to `now` that were not handed out before, oldest first, at most `orders_max`
  // of them. Empty when none is left.
  std::vector<Order> due(Timestamp now, std::size_t orders_max);

  Timestamp next_at() const { return orders_[position_].ordered_at; }

 private:
  void skip_to_a_day_with_orders();

  const DemoRestaurant restaurant_;
  BusinessDay day_;
  std::vector<Order> orders_;  // Those of day_.
  std::size_t position_ = 0;   // The next one; always in orders_.
};

// The day a demonstration of `days` days before `today` begins with. `last_with_orders` is the last
// day for which orders are stored. Days before it are complete, because orders are sent oldest
// first; it may not be, and is sent again.
BusinessDay demo_begins(BusinessDay today, int days, std::optional<BusinessDay> last_with_orders);

// The entries to put into a catalogue so that every menu type of the restaurant has labels. An
// entry in which an operator has set anything is left as it is.
std::vector<MenuTypeEntry> missing_labels(const std::vector<MenuTypeEntry>& catalogue);

}  // namespace konomi::simulate
