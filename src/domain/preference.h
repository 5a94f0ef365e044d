#pragma once

#include "base/clock.h"
#include "domain/business_day.h"
#include "domain/ids.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace konomi {

// How often one user ordered one type, and when last.
struct TypeCount {
  MenuType menu_type;
  std::uint64_t orders = 0;
  Timestamp last_ordered_at;

  friend bool operator==(const TypeCount&, const TypeCount&) = default;
};

// One user's placed orders on one business day. Empty `counts`: the user had orders that day, none
// of which counts any more.
struct UserDayCounts {
  BusinessDay day;
  std::vector<TypeCount> counts;  // Ascending by menu type, orders > 0.
  Version version;  // The sum of the versions of the orders stored for this user and day.

  friend bool operator==(const UserDayCounts&, const UserDayCounts&) = default;
};

// A user's favourite menu type with its evidence, as of the last day counted.
struct Preference {
  // The type with most orders; a tie goes to the tied type with the latest order, then to the
  // smaller name.
  MenuType menu_type;
  std::uint64_t orders = 0;           // The favourite's.
  std::uint64_t total_orders = 0;     // Orders of all types.
  std::optional<MenuType> runner_up;  // The favourite of the other types, by the same rule.
  std::uint64_t runner_up_orders = 0;
  bool tied = false;       // orders == runner_up_orders.
  bool undecided = false;  // total_orders < min_orders: in no segment.
  BusinessDay since;       // First day of the unbroken run of days with this standing.
  // P(favourite beats runner-up) × 10 000, rounded; see confidence_e4().
  std::uint32_t confidence_e4 = 0;
  Timestamp last_ordered_at;  // The latest order of any type.
  Version version;            // The sum of the versions of all the user's days.

  friend bool operator==(const Preference&, const Preference&) = default;
};

// Which segment a user is in: none (no placed order), undecided, or that of one menu type.
class Standing {
 public:
  Standing() = default;  // none
  static Standing undecided() { return Standing(Kind::undecided, MenuType()); }
  static Standing prefers(MenuType type) { return Standing(Kind::prefers, std::move(type)); }
  static Standing of(const std::optional<Preference>& preference);

  bool is_none() const { return kind_ == Kind::none; }
  bool is_undecided() const { return kind_ == Kind::undecided; }
  bool is_type() const { return kind_ == Kind::prefers; }
  const MenuType& menu_type() const { return menu_type_; }  // Empty unless is_type().

  friend auto operator<=>(const Standing&, const Standing&) = default;

 private:
  enum class Kind : std::uint8_t { none, undecided, prefers };
  Standing(Kind kind, MenuType type) : kind_(kind), menu_type_(std::move(type)) {}

  Kind kind_ = Kind::none;
  MenuType menu_type_;
};

// A user's standing as of `day` differs from the one before it.
struct PreferenceChange {
  BusinessDay day;
  Standing from;
  Standing to;

  friend bool operator==(const PreferenceChange&, const PreferenceChange&) = default;
};

// How many users moved between two standings on a day. A segment's size is the sum of all moves
// into it less those out of it.
using Moves = std::map<std::pair<Standing, Standing>, std::uint64_t>;

struct PreferenceRules {
  std::uint64_t min_orders = 1;

  friend bool operator==(const PreferenceRules&, const PreferenceRules&) = default;
};

// Whether users who ordered on a day that is still open are judged at once, or when it is over.
enum class Preferences : std::uint8_t { always, nightly };

struct PreferenceHistory {
  std::optional<Preference> current;      // Nothing: no placed order.
  std::vector<PreferenceChange> changes;  // Ascending by day, at most one a day.
};

// A user's preference (docs/design.md#preference) and its changes (docs/design.md#change): a pure
// function of the user's placed orders. `days` is ascending, one entry a day. The version is that
// of the first generation.
PreferenceHistory derive_preference(std::span<const UserDayCounts> days,
                                    const PreferenceRules& rules);

// The sums over all `days`, ascending by menu type.
std::vector<TypeCount> total_counts(std::span<const UserDayCounts> days);

// Probability × 10 000 that the favourite's true share exceeds the runner-up's, between the two,
// given their orders and a uniform prior: the share is Beta(favourite + 1, runner_up + 1)
// distributed, and this is its mass above 1/2, 1 − I(1/2; favourite + 1, runner_up + 1).
std::uint32_t confidence_e4(std::uint64_t favourite_orders, std::uint64_t runner_up_orders);

}  // namespace konomi
