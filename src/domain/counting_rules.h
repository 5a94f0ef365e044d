#pragma once

#include "base/result.h"
#include "domain/preference.h"
#include "domain/version.h"

namespace konomi {

// What derived values are counted under. Kept with the data, and only ever raised.
struct CountingRules {
  Generation generation;  // Of the version of everything that is counted from now on.
  // What was counted under a lower generation was so by other rules, and is to be counted again.
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
