#include "tests/sim/tills.h"

#include "tests/sim/menu_types.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

namespace konomi::sim {

Order Tills::random_order(int till) {
  Dice& dice = world_.dice;
  const int user = till + kCount * dice.between(0, world_.setting.users / kCount);
  const auto day = world_.calendar.day_of(world_.clock.now()) -
                   std::chrono::days(dice.one_in(3) ? dice.between(0, world_.setting.days) : 0);
  Order order{.user_id = UserId(fmt::format("user{}", user)),
              .order_id = OrderId(fmt::format("order{}", dice.between(1, 4))),
              .ordered_at = world_.calendar.interval_of(day).begin +
                            std::chrono::minutes(dice.between(0, 1439)),
              .menu_type = type_named(dice.between(1, world_.setting.types))};
  if (dice.one_in(6)) {
    order.status = OrderStatus::cancelled;
    if (dice.one_in(2)) order.menu_type = MenuType();
    world_.chronicle.happened("cancellation");
  } else if (dice.one_in(world_.setting.misspelt_one_in)) {
    order.menu_type = misspelt(order.menu_type);
    world_.chronicle.happened("misspelt type");
  }
  return order;
}

void Tills::send(int number) {
  Till& till = tills_[static_cast<std::size_t>(number)];
  if (till.state == Till::State::waiting) return;
  if (till.state == Till::State::idle) {
    till.batch.clear();
    for (int i = world_.dice.between(1, 5); i > 0; --i) till.batch.push_back(random_order(number));
    till.in_time.assign(till.batch.size(), false);
  } else {
    world_.chronicle.happened("batch sent again");
  }
  // The first attempt, still on its way, may arrive behind the second one.
  const bool arrives_late =
      till.state == Till::State::unsure && !faults_.are_off() && world_.dice.one_in(2);
  append(till);
  if (arrives_late) {
    world_.chronicle.happened("late attempt");
    log_batch(till, [](const Result<void>&) {});
  }
}

void Tills::append(Till& till) {
  till.state = Till::State::waiting;
  log_batch(till, [this, &till](const Result<void>& done) {
    till.state = done ? Till::State::idle : Till::State::unsure;
    if (!done) return;
    for (std::size_t i = 0; i < till.batch.size(); ++i) {
      if (!till.in_time[i]) continue;  // A dead letter.
      Order order = till.batch[i];
      order.menu_type = as_meant(order.menu_type);
      world_.oracle.acknowledge(order);
      world_.chronicle.say("acknowledged {} {} {} {} {}", to_rfc3339(order.ordered_at),
                           order.user_id.value(), order.order_id.value(),
                           till.batch[i].menu_type.value(), name_of(order.status));
      world_.chronicle.happened("order");
    }
  });
}

// Notes which orders are logged by it, with an answer or without, and which of them too late.
void Tills::log_batch(Till& till, const std::function<void(const Result<void>&)>& answered) {
  std::vector<bool> in_time;
  for (const Order& order : till.batch)
    in_time.push_back(!departures_.leaves(world_.calendar.day_of(order.ordered_at)));
  const auto note = [this, &till, in_time, length = log_length(),
                     is_noted = std::make_shared<bool>(false)] {
    if (*is_noted || log_length() == length) return;
    *is_noted = true;
    for (std::size_t i = 0; i < in_time.size(); ++i) {
      if (in_time[i]) {
        till.in_time[i] = true;
      } else {
        departures_.note_too_late(till.batch[i].user_id);
      }
    }
  };
  world_.engine->order_log().append(till.batch, [note, answered](const Result<void>& done) {
    note();
    answered(done);
  });
  note();
}

std::uint64_t Tills::log_length() {
  const auto ends = faults_.undisturbed([this] { return world_.engine->order_log().ends(); });
  std::uint64_t length = 0;
  for (const auto& [partition, end] : ends) length += end.value();
  return length;
}

void Tills::hold_or_release() {
  if (!holding_) {
    world_.engine->hold_completions();
  } else if (world_.dice.one_in(2)) {
    world_.engine->release_completions();
  } else {
    world_.engine->lose_completions();
    world_.chronicle.happened("answers lost");
  }
  holding_ = !holding_;
}

void Tills::settle() {
  if (std::exchange(holding_, false)) world_.engine->release_completions();
  for (int i = 0; i < kCount; ++i) {
    if (tills_[static_cast<std::size_t>(i)].state == Till::State::unsure) send(i);
  }
}

bool Tills::is_idle(int user) const {
  return tills_[static_cast<std::size_t>(user % kCount)].state == Till::State::idle && !holding_;
}

}  // namespace konomi::sim
