#include "simulate/demo.h"

#include "simulate/guests.h"
#include "simulate/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace konomi::simulate {
namespace {

constexpr std::size_t kSeats = 3000;
constexpr double kVisitsAWeekLow = 0.3, kVisitsAWeekHigh = 5;
constexpr int kStayDaysLow = 120, kStayDaysHigh = 500;
constexpr double kChangesTaste = 0.25;  // In the course of a guest's stay.
constexpr double kDessert = 0.1;        // A second order, half an hour after the first.
constexpr std::size_t kCafe = 3;        // Where desserts are in demo_menu_types().

// How much guests like each menu type, in the order of demo_menu_types().
using Tastes = std::array<double, 5>;

// Guests who come at the same times and like the same things.

struct Crowd {
  double share = 0;  // The share of the seats.
  VisitingRhythm rhythm;
  Tastes tastes{};
};

VisitingRhythm rhythm(std::array<double, 7> by_weekday,
                      const std::vector<std::pair<int, double>>& by_hour) {
  VisitingRhythm out{.by_weekday = by_weekday, .by_hour = {}};
  for (const auto& [hour, weight] : by_hour) out.by_hour[static_cast<std::size_t>(hour)] = weight;
  return out;
}

const std::vector<Crowd>& crowds() {
  static const std::vector<Crowd> kTable = {
      // Breakfast before work.
      {.share = 2,
       .rhythm = rhythm({0.6, 1, 1, 1, 1, 1, 0.6}, {{6, 3}, {7, 7}, {8, 8}, {9, 5}, {10, 3}}),
       .tastes = {3, 2, 0.2, 6, 0.2}},
      // Lunch from the offices around.
      {.share = 4,
       .rhythm = rhythm({0.5, 1, 0.9, 0.9, 1, 1, 0.6}, {{11, 4}, {12, 10}, {13, 6}, {14, 1}}),
       .tastes = {5, 4, 3, 1, 1.5}},
      // Dinner.
      {.share = 4,
       .rhythm = rhythm({0.8, 0.5, 0.6, 0.6, 0.7, 1, 0.9},
                        {{17, 3}, {18, 7}, {19, 10}, {20, 8}, {21, 4}, {22, 1}}),
       .tastes = {5, 4, 2.5, 0.5, 1.5}},
      // Families at the weekend.
      {.share = 3,
       .rhythm = rhythm({1, 0.1, 0.1, 0.1, 0.1, 0.3, 1}, {{11, 4},
                                                          {12, 8},
                                                          {13, 6},
                                                          {14, 3},
                                                          {15, 4},
                                                          {16, 3},
                                                          {17, 5},
                                                          {18, 7},
                                                          {19, 5},
                                                          {20, 2}}),
       .tastes = {4, 6, 2, 2.5, 0.5}},
      // Now and then, at any time of the day.
      {.share = 3,
       .rhythm = rhythm({0.9, 0.7, 0.7, 0.7, 0.8, 1, 1}, {{9, 1},
                                                          {10, 2},
                                                          {11, 4},
                                                          {12, 6},
                                                          {13, 5},
                                                          {14, 4},
                                                          {15, 5},
                                                          {16, 4},
                                                          {17, 4},
                                                          {18, 6},
                                                          {19, 6},
                                                          {20, 4},
                                                          {21, 3},
                                                          {22, 2},
                                                          {23, 1}}),
       .tastes = {4, 4, 2, 3, 1}},
      // After the last train.
      {.share = 2,
       .rhythm = rhythm({0.7, 0.5, 0.5, 0.6, 0.7, 1, 1},
                        {{22, 5}, {23, 6}, {0, 5}, {1, 4}, {2, 3}, {3, 2}, {4, 2}, {5, 3}}),
       .tastes = {2, 2, 4, 2.5, 1.5}},
  };
  return kTable;
}

Lottery lottery_of(const Tastes& tastes) {
  return Lottery(std::vector<double>(tastes.begin(), tastes.end()));
}

// The finaliser of SplitMix64: numbers that lie side by side become seeds that have nothing in
// common.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a + (b + 1) * 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// What separates the random numbers of seats, guests and days.
constexpr std::uint64_t kSeatStream = 1, kGuestStream = 2, kDayStream = 3;

}  // namespace

DemoRestaurant::DemoRestaurant(std::uint64_t seed, BusinessCalendar calendar)
    : seed_(seed), calendar_(std::move(calendar)) {
  id_prefix_ =
      fmt::format("demo-{:08x}-", fingerprint(fmt::format("{} {} {}", seed_, calendar_.time_zone(),
                                                          calendar_.day_starts_at().count())));
  std::vector<double> shares;
  for (const Crowd& crowd : crowds()) shares.push_back(crowd.share);
  const Lottery crowd(shares);
  Random random(mixed(seed_, kSeatStream));
  seats_.reserve(kSeats);
  for (std::size_t i = 0; i < kSeats; ++i) {
    Seat seat;
    // A few come often and many now and then.
    seat.frequency = kVisitsAWeekLow * std::pow(kVisitsAWeekHigh / kVisitsAWeekLow, random.share());
    seat.crowd = crowd.draw(random);
    seat.stay = static_cast<int>(random.whole(kStayDaysLow, kStayDaysHigh));
    seat.phase = static_cast<int>(random.whole(0, seat.stay));
    seats_.push_back(seat);
  }
}

DemoRestaurant::Visitor DemoRestaurant::visitor_at(std::size_t seat_index, BusinessDay day) const {
  const Seat& seat = seats_[seat_index];
  const int since = day.days_since_1970() + seat.phase;
  const auto number = static_cast<std::uint64_t>(since / seat.stay) * kSeats + seat_index;
  Random random(mixed(mixed(seed_, kGuestStream), number));
  const Lottery tastes = lottery_of(crowds()[seat.crowd].tastes);
  Visitor visitor{.id = UserId(fmt::format("guest-{:06}", number))};
  visitor.favourite = tastes.draw(random);
  visitor.faithfulness = random.between(0.5, 0.95);
  const bool taste_changes = random.happens(kChangesTaste);
  const double changes_at = random.between(0.2, 0.8);
  const std::size_t later_favourite = tastes.draw(random);
  const double share_of_stay = static_cast<double>(since % seat.stay) / seat.stay;
  if (taste_changes && share_of_stay >= changes_at) visitor.favourite = later_favourite;
  return visitor;
}

std::vector<Order> DemoRestaurant::orders_of(BusinessDay day) const {
  const auto interval = calendar_.interval_of(day);
  const auto weekday = std::chrono::weekday(day.date()).c_encoding();
  std::vector<Lottery> hours, tastes;  // By crowd.
  for (const Crowd& crowd : crowds()) {
    hours.emplace_back(hour_weights(calendar_, interval, interval.end, crowd.rhythm));
    tastes.push_back(lottery_of(crowd.tastes));
  }
  Random random(mixed(mixed(seed_, kDayStream), static_cast<std::uint64_t>(day.days_since_1970())));
  const double weather = random.between(0.88, 1.08);

  std::vector<Order> orders;
  const auto add = [&](const UserId& id, Timestamp at, std::size_t type) {
    orders.push_back(
        {.user_id = id, .order_id = {}, .ordered_at = at, .menu_type = menu_types_[type].id});
  };
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const std::size_t crowd = seats_[i].crowd;
    const double pull = crowds()[crowd].rhythm.by_weekday[weekday];
    if (!random.happens(seats_[i].frequency / 7 * pull * weather)) continue;
    const Visitor visitor = visitor_at(i, day);
    const Timestamp hour = interval.begin + std::chrono::hours(hours[crowd].draw(random));
    const Timestamp hour_end = std::min(hour + std::chrono::hours(1), interval.end);
    const Timestamp at =
        hour + std::chrono::milliseconds(random.whole(0, (hour_end - hour).count()));
    const std::size_t other = tastes[crowd].draw(random);
    add(visitor.id, at, random.happens(visitor.faithfulness) ? visitor.favourite : other);
    const Timestamp later = at + std::chrono::seconds(random.whole(20 * 60, 45 * 60));
    if (random.happens(kDessert) && later < interval.end) add(visitor.id, later, kCafe);
  }

  std::ranges::stable_sort(orders, {}, &Order::ordered_at);
  std::string date = to_string(day);
  std::erase(date, '-');
  for (std::size_t i = 0; i < orders.size(); ++i) {
    orders[i].order_id = OrderId(fmt::format("{}{}-{:04}", id_prefix_, date, i + 1));
  }
  return orders;
}

DemoFeed::DemoFeed(DemoRestaurant restaurant, BusinessDay first)
    : restaurant_(std::move(restaurant)), day_(first), orders_(restaurant_.orders_of(first)) {
  skip_to_a_day_with_orders();
}

std::vector<Order> DemoFeed::due(Timestamp now, std::size_t orders_max) {
  std::vector<Order> out;
  while (next_at() <= now && out.size() < orders_max) {
    out.push_back(std::move(orders_[position_++]));
    skip_to_a_day_with_orders();
  }
  return out;
}

void DemoFeed::skip_to_a_day_with_orders() {
  while (position_ == orders_.size()) {
    day_ = day_ + std::chrono::days(1);
    orders_ = restaurant_.orders_of(day_);
    position_ = 0;
  }
}

BusinessDay demo_begins(BusinessDay today, int days, std::optional<BusinessDay> last_with_orders) {
  const BusinessDay first = today - std::chrono::days(days);
  return std::clamp(last_with_orders.value_or(first), first, today);
}

std::vector<MenuTypeEntry> demo_menu_types() {
  const auto entry = [](std::string_view id, std::string_view ja, std::string_view en, int at) {
    return MenuTypeEntry{.id = MenuType(std::string(id)),
                         .label_ja = std::string(ja),
                         .label_en = std::string(en),
                         .color = "",
                         .position = at};
  };
  return {entry("washoku", "和食", "Japanese", 1), entry("yoshoku", "洋食", "Western", 2),
          entry("chuka", "中華", "Chinese", 3), entry("cafe", "カフェ", "Café", 4),
          entry("ethnic", "エスニック", "Ethnic", 5)};
}

std::vector<MenuTypeEntry> missing_labels(const std::vector<MenuTypeEntry>& catalogue) {
  std::vector<MenuTypeEntry> out;
  for (MenuTypeEntry& entry : demo_menu_types()) {
    const auto at = std::ranges::find(catalogue, entry.id, &MenuTypeEntry::id);
    // What the first order of a new type leaves in the catalogue: its id alone.
    if (at == catalogue.end() || *at == MenuTypeEntry{.id = entry.id}) {
      out.push_back(std::move(entry));
    }
  }
  return out;
}

}  // namespace konomi::simulate
