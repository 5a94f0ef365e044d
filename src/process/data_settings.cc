#include "process/data_settings.h"

#include "domain/business_day.h"
#include "engine/engine.h"
#include "process/options.h"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace konomi::process {
namespace {

std::string describe(const DataSettings& settings) {
  return fmt::format("time_zone \"{}\", day_starts_at \"{}\", bucket_count {}, {} log {}",
                     settings.time_zone, day_starts_at_text(settings.day_starts_at),
                     settings.bucket_count.value(), settings.log_partitions,
                     settings.log_partitions == 1 ? "partition" : "partitions");
}

}  // namespace

Result<void> check_data_settings(SettingsStore& store, std::uint32_t log_partitions,
                                 const config::Config& config) {
  if (config.bucket_count % log_partitions != 0) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("bucket_count is {}, and the log has {} partitions; expected a "
                            "multiple of them, so that a partition feeds whole buckets",
                            config.bucket_count, log_partitions));
  }
  const DataSettings configured{.time_zone = config.time_zone,
                                .day_starts_at = config.day_starts_at,
                                .bucket_count = bucket_count(config),
                                .log_partitions = log_partitions};
  KONOMI_TRY(std::optional<DataSettings> stored, store.data_settings());
  if (!stored) {
    KONOMI_CHECK_OK(store.put_data_settings(configured));
    // Another process may have been first.
    KONOMI_TRY(stored, store.data_settings());
  }
  if (stored == configured) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("the data in {} was made with {}, and the configuration says {}; start "
                          "with the settings of the data, or rebuild it with other ones in a new "
                          "--data-dir: `konomi migrate` does, from an embedded konomi; of a "
                          "cluster import a `konomi export orders` into a new topic and keyspace",
                          engine::place_of_data(config), stored ? describe(*stored) : "none",
                          describe(configured)));
}

}  // namespace konomi::process
