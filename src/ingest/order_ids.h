#pragma once

#include "base/clock.h"
#include "domain/ids.h"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace konomi::ingest {

// Names the orders that came without an order_id: UUIDs of version 7 (RFC 9562). One instance never
// gives an id twice; two instances differ by their seeds. Safe from every thread, without a lock.
class OrderIds {
 public:
  // Both seeds are random, drawn at every start (a simulation chooses them).
  OrderIds(std::uint64_t seed_a, std::uint64_t seed_b) : seed_a_(seed_a), seed_b_(seed_b) {}

  // An id that begins with `now`, to the millisecond.
  OrderId next(Timestamp now);

 private:
  const std::uint64_t seed_a_;
  const std::uint64_t seed_b_;
  std::atomic<std::uint64_t> given_{0};
};

// The id of an order that came as a CloudEvent without an order_id: the UUID of version 5 of the
// event's identity, so that an event delivered twice is one order. Neither text holds control
// characters.
OrderId order_id_of_event(std::string_view source, std::string_view id);

}  // namespace konomi::ingest
