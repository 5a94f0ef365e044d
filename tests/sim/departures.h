#pragma once

#include "domain/business_day.h"
#include "domain/expiry.h"
#include "domain/ids.h"
#include "tests/sim/faults.h"
#include "tests/sim/world.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace konomi::sim {

// What leaves the stores: the raw orders of old days, and users who want to be erased.
class Departures {
 public:
  Departures(World& world, Faults& faults) : world_(world), faults_(faults) {}

  // What was announced last.
  std::optional<Expiry> expiry();
  // Whether the orders of this day leave, or have left. An order for it that is logged now becomes
  // a dead letter.
  bool leaves(BusinessDay day);

  // An order of the user was logged for a day that leaves.
  void note_too_late(const UserId& user);
  // How many of these there are; those of users who were erased since are gone.
  std::uint64_t orders_too_late() const;

  // Erases the user. Nothing of this user is on the way: what is acknowledged later must be newer
  // in the log.
  void erase(const UserId& user);

  // Days on which somebody had ordered who was erased since. Such a day keeps its figures when its
  // orders had left before, and has others when they had not.
  const std::set<BusinessDay>& erased_days() const { return erased_days_; }
  // Nobody is being erased any more: the days that have all their orders are as they must be.
  void finish_erasures();

 private:
  World& world_;
  Faults& faults_;
  std::map<UserId, std::uint64_t> too_late_;
  std::set<BusinessDay> erased_days_;
};

}  // namespace konomi::sim
