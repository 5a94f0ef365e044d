#include "config/kinds.h"
#include "config/topics.h"

namespace konomi::config {

std::vector<Setting> retention_settings() {
  return {
      duration_setting("retention_orders", &Config::retention_orders,
                       "Raw orders of final days that ended longer ago leave, figures stay, and "
                       "later orders of such days are dead letters; 0s: kept for ever",
                       kEveryCommand),
      duration_setting("retention_dead_letters", &Config::retention_dead_letters,
                       "Dead letters older than this leave, whatever became of them; 0s: kept for "
                       "ever",
                       kEveryCommand),
      duration_setting("retention_log", &Config::retention_log,
                       "Embedded: stored orders leave the log after so long; cluster: "
                       "retention.ms of the topic, by `konomi topics apply`; 0s: kept for ever",
                       kEveryCommand),
  };
}

}  // namespace konomi::config
