#pragma once

#include "domain/business_day.h"
#include "domain/order.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace konomi::sim {

// What the figures must be, worked out from the acknowledged orders by brute force: nothing here is
// shared with the code under test but the names of things, the fingerprint of an order, and how a
// fact is written as a line. For restaurants in Japan, whose clocks never change.
class Oracle {
 public:
  Oracle(std::chrono::minutes day_starts_at, std::uint64_t min_orders)
      : day_starts_at_(day_starts_at), min_orders_(min_orders) {}

  // From now on, of all orders.
  void set_min_orders(std::uint64_t min_orders) { min_orders_ = min_orders; }

  // In the order in which they were sent: the last one of an identity stays.
  void acknowledge(const Order& order);

  // Everything that was acknowledged of the user until now. The days on which that was.
  std::set<BusinessDay> erase(const UserId& user);

  // Sorted, as read_figures() gives them with Detail::answers.
  std::vector<std::string> figures() const;

  std::size_t orders() const { return orders_.size(); }

 private:
  using Identity = std::tuple<int, std::string, std::string>;  // Day since 1970, user, order id.
  struct History;

  int day_of(const Order& order) const;
  int hour_of(const Order& order) const;
  void add_days(std::vector<std::string>& lines) const;
  void add_user(const std::string& user, std::vector<std::string>& lines,
                std::map<std::string, std::uint64_t>& moves) const;

  std::chrono::minutes day_starts_at_;
  std::uint64_t min_orders_;
  std::map<Identity, Order> orders_;
};

}  // namespace konomi::sim
