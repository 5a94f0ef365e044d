#include "process/shop.h"

#include "process/counting_rules.h"
#include "process/data_settings.h"
#include "process/options.h"

#include <utility>

namespace konomi::process {

Result<std::unique_ptr<Shop>> Shop::open(const config::LoadedConfig& config, const Clock& clock,
                                         engine::OpenOptions options) {
  config::Config values = config.values;
  KONOMI_TRY(BusinessCalendar calendar,
             BusinessCalendar::make(values.time_zone, values.day_starts_at));
  KONOMI_TRY(auto engine, engine::open_engine(values, clock, options));
  KONOMI_CHECK_OK(
      check_data_settings(engine->ports.settings_store, engine->log_partitions, values));
  KONOMI_TRY(values.min_orders, agree_on_min_orders(engine->ports.settings_store, config));
  const BucketCount buckets = process::bucket_count(values);
  return std::unique_ptr<Shop>(new Shop{.config = std::move(values),
                                        .clock = clock,
                                        .calendar = std::move(calendar),
                                        .bucket_count = buckets,
                                        .engine = std::move(engine)});
}

exporting::ExportPorts Shop::export_ports() const {
  return {.orders = engine->ports.order_store,
          .summaries = engine->ports.summary_store,
          .preferences = engine->ports.preference_store,
          .settings = engine->ports.settings_store};
}

verify::VerifyPorts Shop::verify_ports() const {
  return {.orders = engine->ports.order_store,
          .summaries = engine->ports.summary_store,
          .preferences = engine->ports.preference_store,
          .settings = engine->ports.settings_store};
}

verify::VerifyOptions Shop::verify_options() const {
  return process::verify_options(config, engine->log_partitions);
}

}  // namespace konomi::process
