#include "tests/sim/departures.h"

namespace konomi::sim {

std::optional<Expiry> Departures::expiry() {
  return faults_.undisturbed([this] { return world_.engine->settings_store().expiry(); });
}

bool Departures::leaves(BusinessDay day) {
  const auto announced = expiry();
  return announced && day < announced->before;
}

void Departures::note_too_late(const UserId& user) {
  ++too_late_[user];
  world_.chronicle.happened("order for a day that leaves");
}

std::uint64_t Departures::orders_too_late() const {
  std::uint64_t sum = 0;
  for (const auto& [user, orders] : too_late_) sum += orders;
  return sum;
}

void Departures::erase(const UserId& user) {
  // Asked for until there is an answer: once more is the same.
  while (!world_.engine->order_log().append_erasure({user}))
    world_.chronicle.happened("erasure asked for again");
  const auto days = world_.oracle.erase(user);
  erased_days_.insert(days.begin(), days.end());
  too_late_.erase(user);
  world_.chronicle.say("erased {}", user.value());
  world_.chronicle.happened("erasure");
}

void Departures::finish_erasures() {
  std::erase_if(erased_days_, [&](BusinessDay day) { return !leaves(day); });
}

}  // namespace konomi::sim
