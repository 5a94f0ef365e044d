#include "tests/sim/oracle.h"

#include "domain/day_summary.h"
#include "domain/preference.h"
#include "tests/support/figures.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace konomi::sim {
namespace {

using support::line_of_change;
using support::line_of_counts;
using support::line_of_day;
using support::line_of_move;
using support::line_of_preference;
using support::line_of_segment;
using support::line_of_type;

constexpr std::chrono::hours kAheadOfUtc{9};

struct Tally {
  std::string type;
  std::uint64_t orders = 0;
  Timestamp last;
};

// Best first, by the words of the rule: most orders, then the latest order, then the smaller name.
std::vector<Tally> ranking(const std::vector<const Order*>& orders) {
  std::map<std::string, Tally> by_type;
  for (const Order* order : orders) {
    Tally& tally = by_type[order->menu_type.value()];
    tally.type = order->menu_type.value();
    ++tally.orders;
    tally.last = std::max(tally.last, order->ordered_at);
  }
  std::vector<Tally> tallies;
  for (const auto& [type, tally] : by_type) tallies.push_back(tally);
  std::ranges::stable_sort(tallies, [](const Tally& a, const Tally& b) {
    return std::tuple(b.orders, b.last) < std::tuple(a.orders, a.last);
  });
  return tallies;
}

// Beta(a + 1, b + 1)'s mass above one half is the chance that a fair coin, thrown a + b + 1 times,
// shows heads at most a times. Exact in doubles up to some fifty orders.
std::uint32_t confidence(std::uint64_t a, std::uint64_t b) {
  const auto throws = static_cast<double>(a + b + 1);
  double ways = 1, at_most = 1;
  for (double heads = 1; heads <= static_cast<double>(a); ++heads) {
    ways = ways * (throws - heads + 1) / heads;
    at_most += ways;
  }
  return static_cast<std::uint32_t>(std::lround(at_most / std::exp2(throws) * 10'000));
}

BusinessDay business_day(int day) {
  return BusinessDay::from_days_since_1970(day);
}

}  // namespace

int Oracle::day_of(const Order& order) const {
  const auto local = order.ordered_at.time_since_epoch() + kAheadOfUtc - day_starts_at_;
  return static_cast<int>(std::chrono::floor<std::chrono::days>(local).count());
}

int Oracle::hour_of(const Order& order) const {
  const auto local = order.ordered_at.time_since_epoch() + kAheadOfUtc;
  return static_cast<int>(std::chrono::floor<std::chrono::hours>(local).count() % 24);
}

void Oracle::acknowledge(const Order& order) {
  orders_[{day_of(order), order.user_id.value(), order.order_id.value()}] = order;
}

std::set<BusinessDay> Oracle::erase(const UserId& user) {
  std::set<BusinessDay> days;
  std::erase_if(orders_, [&](const auto& order) {
    if (std::get<1>(order.first) != user.value()) return false;
    days.insert(business_day(std::get<0>(order.first)));
    return true;
  });
  return days;
}

std::vector<std::string> Oracle::figures() const {
  std::vector<std::string> lines;
  add_days(lines);
  std::set<std::string> users;
  for (const auto& [identity, order] : orders_) users.insert(std::get<1>(identity));
  std::map<std::string, std::uint64_t> moves;  // By the line's beginning.
  for (const std::string& user : users) add_user(user, lines, moves);
  for (const auto& [line, count] : moves) lines.push_back(line + std::to_string(count));
  std::ranges::sort(lines);
  return lines;
}

void Oracle::add_days(std::vector<std::string>& lines) const {
  std::set<int> days;
  for (const auto& [identity, order] : orders_) days.insert(std::get<0>(identity));
  for (const int day : days) {
    std::set<std::string> users;
    std::map<std::string, std::pair<std::uint64_t, HourCounts>> types;
    std::uint64_t orders = 0, checksum = 0;
    for (const auto& [identity, order] : orders_) {
      if (std::get<0>(identity) != day || order.status == OrderStatus::cancelled) continue;
      users.insert(order.user_id.value());
      auto& [type_orders, by_hour] = types[order.menu_type.value()];
      ++type_orders;
      ++by_hour[static_cast<std::size_t>(hour_of(order))];
      ++orders;
      checksum += order_fingerprint(order);
    }
    lines.push_back(line_of_day(business_day(day), orders, users.size(), checksum));
    for (const auto& [type, figures] : types)
      lines.push_back(
          line_of_type(business_day(day), MenuType(type), figures.first, figures.second));
  }
}

void Oracle::add_user(const std::string& user, std::vector<std::string>& lines,
                      std::map<std::string, std::uint64_t>& moves) const {
  std::map<int, std::vector<const Order*>> by_day;  // Placed ones; the day also without any.
  for (const auto& [identity, order] : orders_) {
    if (std::get<1>(identity) != user) continue;
    auto& placed = by_day[std::get<0>(identity)];
    if (order.status == OrderStatus::placed) placed.push_back(&order);
  }
  const UserId id(user);
  std::string standing = "-";
  int since = 0;
  std::vector<const Order*> so_far;
  for (const auto& [day, placed] : by_day) {
    for (const Tally& tally : ranking(placed))
      lines.push_back(
          line_of_counts(id, business_day(day), MenuType(tally.type), tally.orders, tally.last));
    so_far.insert(so_far.end(), placed.begin(), placed.end());
    std::string next = "-";
    if (!so_far.empty()) next = so_far.size() < min_orders_ ? "?" : ranking(so_far)[0].type;
    if (next == standing) continue;
    lines.push_back(line_of_change(business_day(day), id, standing, next));
    const std::string move = line_of_move(business_day(day), standing, next, 0);
    ++moves[move.substr(0, move.size() - 1)];
    standing = next;
    since = day;
  }
  if (so_far.empty()) return;
  const auto ranked = ranking(so_far);
  Preference preference{.menu_type = MenuType(ranked[0].type),
                        .orders = ranked[0].orders,
                        .total_orders = so_far.size(),
                        .undecided = so_far.size() < min_orders_,
                        .since = business_day(since)};
  if (ranked.size() > 1) {
    preference.runner_up = MenuType(ranked[1].type);
    preference.runner_up_orders = ranked[1].orders;
    preference.tied = ranked[1].orders == ranked[0].orders;
  }
  preference.confidence_e4 = confidence(preference.orders, preference.runner_up_orders);
  for (const Tally& tally : ranked)
    preference.last_ordered_at = std::max(preference.last_ordered_at, tally.last);
  lines.push_back(line_of_preference(id, preference));
  if (!preference.undecided) lines.push_back(line_of_segment(preference.menu_type, id, preference));
}

}  // namespace konomi::sim
