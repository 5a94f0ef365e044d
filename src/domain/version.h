#pragma once

#include "domain/ids.h"

#include <algorithm>
#include <cstdint>

namespace konomi {

// Raised when derived values must win over what is stored whatever that is: by a repair, and by
// changed rules (docs/decisions/0009).
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
  // Of a stored order, which is its offset, and one more: the log's first order, too, raises the
  // sum, and may come late, by a replay.
  void add_order(Version order) { add(order.value() + 1); }
  // Of a derived value, with its generation as a number: a part that was computed anew under a
  // higher one, from the same orders, still raises the version of the whole.
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
