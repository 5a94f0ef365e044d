#include "simulate/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace konomi::simulate {
namespace {

constexpr double kMeanVisitsAWeek = 1.67;  // The mean of Guest::frequency: 4.7 / ln(5 / 0.3).
constexpr double kMeanWeekdayShare = 0.65;
constexpr int kDaysMax = 3650;
constexpr std::chrono::seconds kFallBehindMax{5};

std::string describe(const SimulationOptions& options) {
  std::string out =
      fmt::format("{} {} {} {}", options.seed, options.guests, options.duplicates, options.late);
  for (const MenuTypeWeight& type : options.menu_types) {
    fmt::format_to(std::back_inserter(out), " {}:{}", type.type.value(), type.weight);
  }
  return out;
}

Lottery frequency_lottery(const std::vector<Guest>& guests) {
  std::vector<double> weights;
  for (const Guest& guest : guests) weights.push_back(guest.frequency);
  return Lottery(weights);
}

Lottery type_lottery(const std::vector<MenuTypeWeight>& types) {
  std::vector<double> weights;
  for (const MenuTypeWeight& type : types) weights.push_back(type.weight);
  return Lottery(weights);
}

std::chrono::milliseconds lateness(Random& random) {
  constexpr std::chrono::milliseconds kMin = std::chrono::hours(2), kMax = std::chrono::hours(72);
  return std::chrono::milliseconds(random.whole(kMin.count(), kMax.count()));
}

}  // namespace

int days_for(std::uint64_t orders, std::size_t guests) {
  const double a_day = static_cast<double>(guests) * kMeanVisitsAWeek / 7 * kMeanWeekdayShare;
  return static_cast<int>(
      std::clamp(std::ceil(static_cast<double>(orders) / a_day), 1.0, double{kDaysMax}));
}

History::History(SimulationOptions options, const HistoryPlan& plan, BusinessCalendar calendar)
    : options_(std::move(options)),
      calendar_(std::move(calendar)),
      first_(plan.first),
      end_(plan.end),
      random_(options_.seed),
      guests_(make_guests(options_.guests, options_.menu_types, random_)),
      by_frequency_(frequency_lottery(guests_)),
      by_type_(type_lottery(options_.menu_types)) {
  const std::string what = fmt::format(
      "{} {} {} {} {} {} {}", describe(options_), to_string(plan.first), to_string(plan.last),
      plan.end ? plan.end->time_since_epoch().count() : 0, plan.orders.value_or(0),
      calendar_.time_zone(), calendar_.day_starts_at().count());
  id_prefix_ = fmt::format("sim-{:08x}-", fingerprint(what));
  orders_by_day_.resize(static_cast<std::size_t>((plan.last - plan.first).count()) + 1);
  plan_days(plan);
}

Timestamp History::end_of(BusinessDay day) const {
  const Timestamp end = calendar_.interval_of(day).end;
  return end_ ? std::min(end, *end_) : end;
}

double History::share_at(std::size_t day_index) const {
  return static_cast<double>(day_index) / static_cast<double>(orders_by_day_.size());
}

// How much a guest is drawn to come on a day, 0 to 1, compared with the guest's own average.
double History::pull(const Guest& guest, std::size_t day_index) const {
  if (share_at(day_index) < guest.comes_first_at) return 0;
  const auto date = (first_ + std::chrono::days(day_index)).date();
  return rhythms()[guest.rhythm].by_weekday[std::chrono::weekday(date).c_encoding()];
}

// Gives each day its number of orders, so that they add up exactly.
void History::plan_days(const HistoryPlan& plan) {
  std::vector<double> visits(orders_by_day_.size());
  double total = 0;
  for (std::size_t i = 0; i < visits.size(); ++i) {
    const BusinessDay day = first_ + std::chrono::days(i);
    const auto interval = calendar_.interval_of(day);
    std::vector<double> part_of_day;  // By rhythm: the last day may be cut.
    for (const VisitingRhythm& rhythm : rhythms()) {
      const Lottery whole(hour_weights(calendar_, interval, interval.end, rhythm));
      const Lottery part(hour_weights(calendar_, interval, end_of(day), rhythm));
      part_of_day.push_back(part.total() / whole.total());
    }
    for (const Guest& guest : guests_) {
      visits[i] += guest.frequency / 7 * pull(guest, i) * part_of_day[guest.rhythm];
    }
    total += visits[i];
  }
  orders_ = total > 0 ? plan.orders.value_or(static_cast<std::uint64_t>(std::llround(total))) : 0;
  double sum = 0;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < visits.size() && total > 0; ++i) {
    sum += visits[i];
    const auto up_to_here =
        static_cast<std::uint64_t>(std::llround(sum / total * static_cast<double>(orders_)));
    orders_by_day_[i] = up_to_here - given;
    given = up_to_here;
  }
}

void History::make_day(std::size_t day_index) {
  const BusinessDay day = first_ + std::chrono::days(day_index);
  const auto interval = calendar_.interval_of(day);
  const Timestamp end = end_of(day);
  std::vector<Lottery> hours;
  for (const VisitingRhythm& rhythm : rhythms()) {
    hours.emplace_back(hour_weights(calendar_, interval, end, rhythm));
  }
  for (std::uint64_t made = 0; made < orders_by_day_[day_index];) {
    const Guest& guest = guests_[by_frequency_.draw(random_)];
    const Lottery& hour = hours[guest.rhythm];
    if (hour.total() <= 0 || !random_.happens(pull(guest, day_index))) continue;
    const Timestamp begin = interval.begin + std::chrono::hours(hour.draw(random_));
    const Timestamp hour_end = std::min(begin + std::chrono::hours(1), end);
    const std::chrono::milliseconds into(random_.whole(0, (hour_end - begin).count()));
    const bool favourite = random_.happens(guest.faithfulness);
    const std::size_t other = by_type_.draw(random_);
    const std::size_t type = favourite ? guest.favourite_at(share_at(day_index)) : other;
    arrive({.user_id = guest.id,
            .order_id = {},
            .ordered_at = begin + into,
            .menu_type = options_.menu_types[type].type});
    ++made;
  }
}

void History::arrive(Order order) {
  order.order_id = OrderId(fmt::format("{}{}", id_prefix_, ++ids_));
  Timestamp at = order.ordered_at;
  if (random_.happens(options_.late)) at += lateness(random_);
  if (random_.happens(options_.duplicates)) {
    const std::chrono::seconds later(random_.whole(1, 600));
    arrivals_.push({.at = at + later, .sequence = ++sequence_, .order = order});
  }
  arrivals_.push({.at = at, .sequence = ++sequence_, .order = std::move(order)});
}

std::optional<Order> History::next() {
  // Orders of the days to come arrive after the end of those that are made.
  while (
      next_day_ < orders_by_day_.size() &&
      (arrivals_.empty() ||
       arrivals_.top().at >= calendar_.interval_of(first_ + std::chrono::days(next_day_)).begin)) {
    make_day(next_day_++);
  }
  if (arrivals_.empty()) return std::nullopt;
  Order order = arrivals_.top().order;
  arrivals_.pop();
  return order;
}

Live::Live(SimulationOptions options, double rate, Timestamp started)
    : options_(std::move(options)),
      rate_(rate),
      random_(options_.seed),
      guests_(make_guests(options_.guests, options_.menu_types, random_)),
      by_frequency_(frequency_lottery(guests_)),
      by_type_(type_lottery(options_.menu_types)),
      next_ms_(static_cast<double>(started.time_since_epoch().count())) {
  id_prefix_ =
      fmt::format("sim-{:08x}-", fingerprint(fmt::format("{} {} {}", describe(options_), rate,
                                                         started.time_since_epoch().count())));
  plan_next();
}

void Live::plan_next() {
  next_ms_ += -std::log(1 - random_.share()) / rate_ * 1000;
}

Order Live::make(Timestamp now) {
  const Guest& guest = guests_[by_frequency_.draw(random_)];
  const bool favourite = random_.happens(guest.faithfulness);
  const std::size_t other = by_type_.draw(random_);
  const bool late = random_.happens(options_.late);
  return {.user_id = guest.id,
          .order_id = OrderId(fmt::format("{}{}", id_prefix_, ++ids_)),
          .ordered_at = late ? now - lateness(random_) : now,
          .menu_type = options_.menu_types[favourite ? guest.favourite_at(1) : other].type};
}

std::vector<Order> Live::due(Timestamp now, std::size_t orders_max) {
  std::vector<Order> out;
  fell_behind_ = now - next_at() > kFallBehindMax;
  if (fell_behind_) next_ms_ = static_cast<double>(now.time_since_epoch().count());
  while (next_at() <= now && out.size() < orders_max) {
    out.push_back(make(next_at()));
    if (random_.happens(options_.duplicates)) out.push_back(out.back());
    plan_next();
  }
  return out;
}

}  // namespace konomi::simulate
