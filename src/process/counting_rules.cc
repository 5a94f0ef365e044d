#include "process/counting_rules.h"

#include "base/log.h"
#include "domain/counting_rules.h"

#include <optional>

namespace konomi::process {

Result<std::uint64_t> agree_on_min_orders(SettingsStore& store,
                                          const config::LoadedConfig& config) {
  const std::uint64_t min_orders = config.values.min_orders;
  KONOMI_TRY(std::optional<CountingRules> rules, store.counting_rules());
  if (!config.values.roles.aggregate || (rules && !config.is_set("min_orders")))
    return rules ? rules->preference.min_orders : min_orders;
  const PreferenceRules configured{.min_orders = min_orders};
  // Again when another process was first.
  while (!rules || rules->preference != configured) {
    CountingRules next{.preference = configured};
    if (rules) {
      log_info("min_orders is {} and was {}: everything is counted again", min_orders,
               rules->preference.min_orders);
      KONOMI_TRY(next, raised(*rules, configured));
    }
    KONOMI_CHECK_OK(store.put_counting_rules(next));
    KONOMI_TRY(rules, store.counting_rules());
  }
  return min_orders;
}

}  // namespace konomi::process
