#pragma once

#include "domain/bucket.h"
#include "tests/sim/dice.h"
#include "tests/sim/pipeline.h"

#include <array>
#include <chrono>
#include <cstdint>

namespace konomi::sim {

// What one run is like; decided before it begins.
struct Setting {
  Setting(Dice& dice, EngineKind engine)
      : consumers(engine == EngineKind::memory ? 2 : 1),
        log_partitions(
            static_cast<std::uint32_t>(dice.between(1, engine == EngineKind::memory ? 3 : 1))),
        bucket_count(log_partitions * static_cast<std::uint32_t>(dice.between(1, 3))),
        day_starts_at(dice.pick(std::array{std::chrono::minutes(0), std::chrono::minutes(300),
                                           std::chrono::minutes(1439)})),
        min_orders(static_cast<std::uint64_t>(dice.pick(std::array{1, 1, 2, 4}))),
        nightly(dice.one_in(4)),
        users(dice.between(1, 12)),
        types(dice.between(1, 6)),
        days(dice.between(1, 6)),
        steps(dice.between(50, 400)),
        orders_kept_for(std::chrono::hours(24) * dice.pick(std::array{0, 0, 0, 1, 3})),
        calls_per_fault(dice.pick(std::array{0, 300, 60, 20})),
        calls_per_interleaving(dice.pick(std::array{0, 200, 40, 10})),
        misspelt_one_in(orders_leave() ? 0 : dice.pick(std::array{0, 0, 10, 3})),
        holds_batches(dice.one_in(2)) {}

  bool orders_leave() const { return orders_kept_for.count() > 0; }
  // Whether an order of a type that is not in the catalogue becomes a dead letter.
  bool refuses_types() const { return misspelt_one_in > 0; }

  int consumers;  // The embedded log has one partition, and so one consumer.
  std::uint32_t log_partitions;
  BucketCount bucket_count;
  std::chrono::minutes day_starts_at;
  std::uint64_t min_orders;
  bool nightly;
  int users, types, days, steps;
  std::chrono::hours orders_kept_for;  // Raw orders, after their day; 0: for ever.
  int calls_per_fault;                 // One call in so many fails; 0: none.
  int calls_per_interleaving;  // Before one in so many another consumer takes a step; 0: never.
  int misspelt_one_in;         // Orders whose type is refused, until somebody mends it; 0: none.
  bool holds_batches;          // Even small ones, when most of their records fail alike.
};

}  // namespace konomi::sim
