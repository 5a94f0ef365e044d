#include "domain/counting_rules.h"

#include <fmt/format.h>

namespace konomi {

Result<CountingRules> raised(const CountingRules& rules) {
  if (rules.generation >= kGenerationMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("generation {} of the figures is the last one; import the orders into "
                            "a new data directory or keyspace, which begins at 0",
                            rules.generation.value()));
  }
  CountingRules next = rules;
  next.generation = Generation(rules.generation.value() + 1);
  return next;
}

Result<CountingRules> raised(const CountingRules& rules, const PreferenceRules& preference) {
  KONOMI_TRY(CountingRules next, raised(rules));
  next.counted_since = next.generation;
  next.preference = preference;
  return next;
}

}  // namespace konomi
