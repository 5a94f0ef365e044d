#pragma once

#include "base/result.h"
#include "domain/preference.h"
#include "domain/version.h"

namespace konomi {

// What derived values are counted under. Kept with the data, and only ever raised.
struct CountingRules {
  Generation generation;  // Part of the version of everything that is counted from now on.
  // Values with a lower generation were counted by other rules and must be counted again.
  Generation counted_since;
  PreferenceRules preference;

  friend bool operator==(const CountingRules&, const CountingRules&) = default;
};

// The next generation with the same rules: for a repair, which has some days counted again. Both
// fail with `invalid_argument` after the last generation.
Result<CountingRules> raised(const CountingRules& rules);

// The next generation, under which everything is counted again by `preference`.
Result<CountingRules> raised(const CountingRules& rules, const PreferenceRules& preference);

}  // namespace konomi
