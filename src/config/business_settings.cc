#include "config/kinds.h"
#include "config/topics.h"
#include "domain/business_day.h"
#include "domain/menu_type.h"
#include "domain/text.h"

#include <fmt/format.h>

namespace konomi::config {
namespace {

Result<std::string> parse_time_zone(std::string_view text) {
  KONOMI_CHECK_OK(BusinessCalendar::make(text, std::chrono::minutes(0)));
  return std::string(text);
}

Result<Preferences> parse_preferences(std::string_view text) {
  if (text == "always") return Preferences::always;
  if (text == "nightly") return Preferences::nightly;
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is unknown; expected \"always\" or \"nightly\"", quote(text)));
}

std::string_view preferences_text(Preferences preferences) {
  return preferences == Preferences::always ? "always" : "nightly";
}

}  // namespace

std::vector<Setting> business_settings() {
  return {
      parsed_setting("time_zone", &Config::time_zone, "ZONE",
                     "The restaurant's IANA time zone; kept with the data", kEveryCommand,
                     parse_time_zone, [](const std::string& zone) { return zone; }),
      parsed_setting("day_starts_at", &Config::day_starts_at, "HH:MM",
                     "When a business day begins there; kept with the data", kEveryCommand,
                     parse_day_starts_at, day_starts_at_text),
      count_setting("bucket_count", &Config::bucket_count, 1, 4096,
                    "Into how many parts the users are divided; kept with the data", kEveryCommand),
      duration_setting("order_ahead_max", &Config::order_ahead_max,
                       "How far ahead of the clock an order's time may lie", kEveryCommand),
      parsed_setting("unknown_menu_types", &Config::unknown_menu_types, "accept|refuse",
                     "What happens to an order of a menu type not seen before", kEveryCommand,
                     parse_unknown_menu_types,
                     [](UnknownMenuTypes unknown) { return konomi::name_of(unknown); }),
      count_setting("menu_types_max", &Config::menu_types_max, 2, 100'000,
                    "How many menu types there may be", kEveryCommand),
      count_setting("orders_in_flight_max", &Config::orders_in_flight_max, 1, 10'000'000,
                    "How many orders of a process may wait for the log; more are answered 503, and "
                    "a request with more 413",
                    kServe),
      count_setting("poison_percent_max", &Config::poison_percent_max, 0, 100,
                    "When more of a batch of records than this fails for one reason, consume holds "
                    "it and tries again instead of writing dead letters; 100: never, to drain a "
                    "topic full of broken records",
                    kEveryCommand),
      duration_setting("late_allowance", &Config::late_allowance,
                       "How long after its end a day waits for late orders before its figures are "
                       "final",
                       kEveryCommand),
      count_setting("min_orders", &Config::min_orders, 1, 1'000'000,
                    "With fewer orders a user is undecided; kept with the data, and a changed one "
                    "has everything counted again",
                    kEveryCommand),
      parsed_setting("preferences", &Config::preferences, "always|nightly",
                     "Whether guests of a day that still runs are judged at once or when it is "
                     "over",
                     kEveryCommand, parse_preferences, preferences_text),
  };
}

}  // namespace konomi::config
