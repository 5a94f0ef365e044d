#include "verify/taste.h"

#include "domain/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace konomi::verify {
namespace {

struct Rank {
  std::uint64_t orders = 0;
  Timestamp last;
  std::string_view name;
};

// Most orders, then the latest order, then the smaller name.
bool comes_first(const Rank& a, const Rank& b) {
  return std::tuple(b.orders, b.last, a.name) < std::tuple(a.orders, a.last, b.name);
}

// What the orders up to some day come to, best first.
class Ranking {
 public:
  explicit Ranking(const TypeNames& names) : names_(names) {}

  void take(const Taste& taste) {
    const std::string_view name = names_.name_of(taste.type);
    auto rank = std::ranges::find(ranks_, name, &Rank::name);
    if (rank == ranks_.end()) rank = ranks_.insert(ranks_.end(), Rank{.name = name});
    rank->orders += taste.orders;
    rank->last = std::max(rank->last, taste.last);
    orders_ += taste.orders;
    last_ = std::max(last_, taste.last);
  }

  void sort() { std::ranges::sort(ranks_, comes_first); }

  Standing standing(std::uint64_t min_orders) const {
    if (orders_ == 0) return {};
    if (orders_ < min_orders) return Standing::undecided();
    return Standing::prefers(MenuType(std::string(ranks_.front().name)));
  }

  Preference preference(std::uint64_t min_orders, BusinessDay since) const {
    const Rank& first = ranks_.front();
    Preference preference{.menu_type = MenuType(std::string(first.name)),
                          .orders = first.orders,
                          .total_orders = orders_,
                          .undecided = orders_ < min_orders,
                          .since = since,
                          .last_ordered_at = last_};
    if (ranks_.size() > 1) {
      preference.runner_up = MenuType(std::string(ranks_[1].name));
      preference.runner_up_orders = ranks_[1].orders;
      preference.tied = ranks_[1].orders == first.orders;
    }
    return preference;
  }

  bool empty() const { return orders_ == 0; }

 private:
  const TypeNames& names_;
  std::vector<Rank> ranks_;
  std::uint64_t orders_ = 0;
  Timestamp last_;
};

// A fair coin thrown n = a + b + 1 times shows heads at most a times: what Beta(a + 1, b + 1) has
// above one half. Summed from the smaller side, a ≥ b.
double chance(std::uint64_t a, std::uint64_t b) {
  const auto n = static_cast<double>(a + b + 1);
  auto heads = static_cast<double>(a) + 1;
  double ways = std::exp(std::lgamma(n + 1) - std::lgamma(heads + 1) - std::lgamma(n - heads + 1) -
                         n * std::log(2.0));
  double more = 0;
  for (; heads <= n && ways > 1e-18; ++heads) {
    more += ways;
    ways *= (n - heads) / (heads + 1);
  }
  return 1 - more;
}

}  // namespace

std::uint32_t TypeNames::number_of(const std::string& name) {
  const auto [found, is_new] =
      numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return found->second;
}

Judgement judge(std::vector<Taste> tastes, const TypeNames& names, std::uint64_t min_orders) {
  std::ranges::stable_sort(tastes, {}, &Taste::day);
  Judgement judgement;
  Ranking ranking(names);
  Standing standing;
  BusinessDay since;
  for (std::size_t i = 0; i < tastes.size();) {
    const BusinessDay day = tastes[i].day;
    for (; i < tastes.size() && tastes[i].day == day; ++i) ranking.take(tastes[i]);
    ranking.sort();
    Standing next = ranking.standing(min_orders);
    if (next == standing) continue;
    judgement.changes.push_back({.day = day, .from = standing, .to = next});
    standing = std::move(next);
    since = day;
  }
  if (!ranking.empty()) judgement.preference = ranking.preference(min_orders, since);
  return judgement;
}

bool is_confidence(std::uint32_t confidence_e4, std::uint64_t favourite_orders,
                   std::uint64_t runner_up_orders) {
  constexpr double kHalfADigit = 0.5 + 1e-4;
  return std::abs(chance(favourite_orders, runner_up_orders) * 10'000 - confidence_e4) <=
         kHalfADigit;
}

bool same(const Preference& expected, const Preference& found) {
  Preference other = found;
  other.version = expected.version;
  other.confidence_e4 = expected.confidence_e4;
  return other == expected &&
         is_confidence(found.confidence_e4, expected.orders, expected.runner_up_orders);
}

std::string describe(const std::optional<Preference>& preference) {
  if (!preference) return "none";
  const std::uint32_t confidence =
      preference->confidence_e4 != 0
          ? preference->confidence_e4
          : static_cast<std::uint32_t>(
                std::lround(chance(preference->orders, preference->runner_up_orders) * 10'000));
  std::string text = fmt::format("{} {} of {}", preference->menu_type.value(), preference->orders,
                                 preference->total_orders);
  if (preference->runner_up)
    text +=
        fmt::format(", then {} {}", preference->runner_up->value(), preference->runner_up_orders);
  if (preference->tied) text += ", tied";
  if (preference->undecided) text += ", undecided";
  return text + fmt::format(", since {}, {:.4f}, last {}", to_string(preference->since),
                            confidence / 10'000.0, to_rfc3339(preference->last_ordered_at));
}

std::string describe(const Standing& standing) {
  if (standing.is_none()) return "none";
  return standing.is_undecided() ? "undecided" : standing.menu_type().value();
}

}  // namespace konomi::verify
