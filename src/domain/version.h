#pragma once

#include "domain/ids.h"

#include <algorithm>
#include <cstdint>

namespace konomi {

// Raised by a repair and by changed rules, when new derived values must replace stored ones
// whatever their versions (docs/decisions/0009).
using Generation = Strong<struct GenerationTag, std::uint32_t>;

// A derived value's version: the generation in 8 bits, over a sum in 55. The top bit stays 0, for
// Cassandra's timestamps are signed.
inline constexpr int kVersionSumBits = 55;
inline constexpr std::uint64_t kVersionSumMax = (std::uint64_t{1} << kVersionSumBits) - 1;
inline constexpr Generation kGenerationMax{255};

constexpr Generation generation_of(Version version) {
  return Generation(static_cast<std::uint32_t>(version.value() >> kVersionSumBits));
}

// Adds up the version of what is computed from other values.
class VersionSum {
 public:
  // Adds a stored order's version plus one, so that the log's first order, whose offset is 0,
  // raises the sum too.
  void add_order(Version order) { add(order.value() + 1); }
  // Adds the version of a derived value. Its generation counts as a number, so that a part that was
  // computed again under a higher generation raises the version of the whole even when its orders
  // are the same.
  void add(Version part) {
    add(part.value() & kVersionSumMax);
    add(std::uint64_t{generation_of(part).value()});
  }
  void add(LogOffset mark) { add(mark.value()); }
  void add(std::uint64_t number) { sum_ = std::min(sum_ + number, kVersionSumMax); }

  Version under(Generation generation) const {
    return Version((std::uint64_t{generation.value()} << kVersionSumBits) | sum_);
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace konomi
