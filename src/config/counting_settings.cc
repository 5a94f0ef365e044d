#include "config/kinds.h"
#include "config/topics.h"
#include "config/units.h"

#include <fmt/format.h>

namespace konomi::config {

std::vector<Setting> counting_settings() {
  return {
      duration_setting("settle", &Config::settle,
                       "A day is counted again when no order came for so long", kEveryCommand),
      duration_setting("settle_max", &Config::settle_max,
                       "How long orders that keep coming wait at the most", kEveryCommand),
      count_setting("aggregate_threads", &Config::aggregate_threads, 0, 64,
                    "Threads that count; 0: 1 embedded, 8 on a cluster", kEveryCommand),
      parsed_setting("aggregate_shard", &Config::aggregate_shard, "I/N",
                     "Count every N-th bucket from I on: of N processes each a part", kEveryCommand,
                     parse_shard,
                     [](Shard shard) { return fmt::format("{}/{}", shard.index, shard.count); }),
  };
}

}  // namespace konomi::config
