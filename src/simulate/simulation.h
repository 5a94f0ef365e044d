#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/business_day.h"
#include "domain/order.h"
#include "simulate/guests.h"
#include "simulate/random.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

namespace konomi::simulate {

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::size_t guests = 300;
  std::vector<MenuTypeWeight> menu_types = default_menu_types();
  double duplicates = 0;  // How many orders are sent a second time, unchanged.
  double late = 0;        // How many orders arrive two hours to three days after they were made.
};

struct HistoryPlan {
  BusinessDay first;
  BusinessDay last;
  std::optional<Timestamp> end;         // No order is made after it; nothing: the last day's end.
  std::optional<std::uint64_t> orders;  // Exactly so many; nothing: as many as the guests make.
};

// How many days `orders` orders of so many guests fill, at their own pace; at most ten years.
int days_for(std::uint64_t orders, std::size_t guests);

// The orders of some past business days, in the order in which they arrive. A pure function of its
// arguments: the same ones give the same orders, ids included. Memory grows with the guests and
// with the orders of three days, not with the history.
class History {
 public:
  // `options.guests` is at least 1, and plan.first <= plan.last.
  History(SimulationOptions options, const HistoryPlan& plan, BusinessCalendar calendar);

  // The next order to arrive, or nothing at the end.
  std::optional<Order> next();

  std::uint64_t orders() const { return orders_; }  // Altogether, not counting duplicates.

 private:
  struct Arrival {
    Timestamp at;
    std::uint64_t sequence = 0;
    Order order;

    bool operator>(const Arrival& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };

  void plan_days(const HistoryPlan& plan);
  void make_day(std::size_t day_index);
  void arrive(Order order);
  double share_at(std::size_t day_index) const;
  double pull(const Guest& guest, std::size_t day_index) const;
  Timestamp end_of(BusinessDay day) const;

  const SimulationOptions options_;
  const BusinessCalendar calendar_;
  const BusinessDay first_;
  const std::optional<Timestamp> end_;
  Random random_;
  std::vector<Guest> guests_;
  Lottery by_frequency_;
  Lottery by_type_;
  std::string id_prefix_;
  std::vector<std::uint64_t> orders_by_day_;
  std::uint64_t orders_ = 0;

  std::size_t next_day_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t ids_ = 0;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> arrivals_;
};

// Orders of the same guests as they come in now, `rate` a second on average.
class Live {
 public:
  // Ids are those of this run alone: they hold `started`.
  Live(SimulationOptions options, double rate, Timestamp started);

  // The orders that arrived up to `now`: at most `orders_max` at a time. When more than a few
  // seconds' worth are due, the sender cannot keep up and the rest is dropped; fell_behind() tells.
  std::vector<Order> due(Timestamp now, std::size_t orders_max);

  Timestamp next_at() const { return Timestamp(std::chrono::milliseconds(next_ms_whole())); }
  bool fell_behind() const { return fell_behind_; }

 private:
  std::int64_t next_ms_whole() const { return static_cast<std::int64_t>(next_ms_); }
  void plan_next();
  Order make(Timestamp now);

  const SimulationOptions options_;
  const double rate_;
  Random random_;
  std::vector<Guest> guests_;
  Lottery by_frequency_;
  Lottery by_type_;
  std::string id_prefix_;
  std::uint64_t ids_ = 0;
  double next_ms_ = 0;  // Since 1970.
  bool fell_behind_ = false;
};

}  // namespace konomi::simulate
