#include "base/wait.h"
#include "cli/command.h"
#include "cli/progress_line.h"
#include "client/local_server.h"
#include "client/log_standing.h"
#include "engine/engine.h"
#include "operate/migration.h"
#include "process/aggregate_role.h"
#include "process/konomi.h"
#include "process/shop.h"
#include "process/stop_signals.h"
#include "process/store_waiting.h"
#include "process/telemetry.h"
#include "rest/router.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace konomi::cli {
namespace {

constexpr const char* kStateFile = "migration.json";

struct MigrateFlags {
  std::string from;
  std::shared_ptr<std::chrono::milliseconds> wait_timeout;
};

struct SourceSettings {
  DataSettings data;
  std::optional<CountingRules> rules;
};

Result<SourceSettings> settings_of(const config::Config& config, const Clock& clock) {
  std::error_code error;
  if (!std::filesystem::exists(config.data_dir / "stores" / "CURRENT", error)) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no data in {}; expected the data directory of an embedded "
                            "konomi",
                            config.data_dir.string()));
  }
  auto engine = engine::open_engine(config, clock);
  if (!engine && engine.error().code == ErrorCode::unavailable) {
    return fail(ErrorCode::unavailable,
                fmt::format("{}; a migration reads a stopped konomi, or a backup of it that "
                            "`konomi restore` has made a data directory of",
                            engine.error().message));
  }
  if (!engine) return std::unexpected(std::move(engine).error());
  KONOMI_TRY(const auto data, (*engine)->ports.settings_store.data_settings());
  if (!data) {
    return fail(ErrorCode::not_found,
                fmt::format("nobody has used the data in {} yet", config.data_dir.string()));
  }
  KONOMI_TRY(const auto rules, (*engine)->ports.settings_store.counting_rules());
  return SourceSettings{.data = *data, .rules = rules};
}

void use_settings(const SourceSettings& source, config::Config& config) {
  config.time_zone = source.data.time_zone;
  config.day_starts_at = source.data.day_starts_at;
  config.bucket_count = source.data.bucket_count.value();
  if (source.rules) config.min_orders = source.rules->preference.min_orders;
}

// What nobody has set for the target it takes from the source.
void use_unset_settings(const SourceSettings& source, config::LoadedConfig& target) {
  config::Config& config = target.values;
  config::Config taken = config;
  use_settings(source, taken);
  if (!target.is_set("time_zone")) config.time_zone = taken.time_zone;
  if (!target.is_set("day_starts_at")) config.day_starts_at = taken.day_starts_at;
  if (!target.is_set("bucket_count")) config.bucket_count = taken.bucket_count;
  if (!target.is_set("min_orders")) {
    config.min_orders = taken.min_orders;
    target.origins["min_orders"] = "the source";
  }
}

operate::MigrationSide side_of(const process::Shop& shop) {
  return {.ports = shop.engine->ports, .bucket_count = shop.bucket_count};
}

Result<void> wait_counted(const http::Router& router, const MigrateFlags& flags,
                          const process::StopSignals& signals, ProgressLine& line,
                          std::string name) {
  client::LocalServer server(router, std::move(name));
  const client::Pause pause = [stop = signals.token()](std::chrono::milliseconds time) {
    return !wait_or_stop(stop, time);
  };
  KONOMI_CHECK_OK(client::wait_until_counted(
      server, *flags.wait_timeout, pause, [&](const client::LogStanding& standing, std::uint64_t) {
        line.show([&](double) {
          return fmt::format("migrating: {} of {} orders stored, {} counted", standing.stored_up_to,
                             standing.end, standing.counted_up_to);
        });
      }));
  return {};
}

Result<int> migrate(config::LoadedConfig target_config, const MigrateFlags& flags,
                    const Process& process) {
  config::LoadedConfig source_config;
  config::Config& from = source_config.values;
  config::Config& to = target_config.values;
  from.data_dir = flags.from;
  from.preferences = to.preferences;
  std::error_code error;
  if (to.engine == config::EngineKind::embedded &&
      std::filesystem::weakly_canonical(to.data_dir, error) ==
          std::filesystem::weakly_canonical(from.data_dir, error)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is where the data comes from; name a new directory with "
                            "--data-dir, or --engine cluster",
                            to.data_dir.string()));
  }
  const process::StopSignals signals;
  ProgressLine line(process);
  KONOMI_TRY(const SourceSettings settings, settings_of(from, process.clock));
  use_settings(settings, from);
  use_unset_settings(settings, target_config);

  // Whatever still waits in the source is stored and counted first: both sides are compared.
  KONOMI_TRY(const auto telemetry, process::Telemetry::open());
  KONOMI_TRY(const auto source,
             process::Shop::open(source_config, process.clock, {.traces = telemetry->traces()}));
  KONOMI_CHECK_OK(process::store_waiting(*source, *telemetry, signals.token()));
  process::AggregateRole counting(*source, *telemetry);
  KONOMI_CHECK_OK(counting.aggregator().count_dirty(signals.token()));

  // All roles run here until it is done; others may run beside it.
  to.roles = config::Roles();
  to.aggregate_shard = Shard();
  const std::string name =
      to.engine == config::EngineKind::cluster
          ? fmt::format("topic {} and {}", to.kafka_topic, engine::place_of_data(to))
          : engine::place_of_data(to);
  KONOMI_TRY(const auto target, process::Konomi::open(target_config, process.clock));
  rest::Router router;
  target->register_routes(router);
  target->start();

  operate::Migration migration(side_of(*source), side_of(target->shop()), name,
                               from.data_dir / kStateFile);
  KONOMI_TRY(const operate::Migration::Copied copied,
             migration.run(signals.token(),
                           [&](const operate::Migration::Copied& so_far, BusinessDay day) {
                             line.show([&](double seconds) {
                               return fmt::format("migrating: {} orders, up to {}, {:.0f} s",
                                                  so_far.orders, to_string(day), seconds);
                             });
                           }));
  KONOMI_CHECK_OK(wait_counted(router.table(), flags, signals, line, name));
  const bool same_days = from.time_zone == to.time_zone && from.day_starts_at == to.day_starts_at;
  KONOMI_TRY(const auto differences,
             operate::compare(side_of(*source), side_of(target->shop()), same_days));
  line.clear();
  fmt::print(process.out, "copied {} orders and {} dead letters to {}; {:.1f} s\n", copied.orders,
             copied.letters, name, line.seconds());
  for (const std::string& difference : differences)
    fmt::print(process.out, "differs: {}\n", difference);
  if (!differences.empty()) return kFailed;
  fmt::print(process.out, "{}\n",
             same_days ? "equal: orders, days, users, segments, changes and menu types"
                       : "equal: orders and menu types; the days are cut in another way now, and "
                         "their figures were not compared");
  return kOk;
}

}  // namespace

void add_migrate_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "migrate", "Rebuild the data of a stopped embedded konomi on a cluster, or with other days");
  const auto flags = std::make_shared<MigrateFlags>();
  command->add_option("--from-data-dir", flags->from, "The data directory to read; it stays")
      ->required()
      ->option_text("DIR");
  flags->wait_timeout =
      add_duration_flag(*command, "--wait-timeout", std::chrono::hours(1),
                        "How long storing and counting may take after everything is copied");
  const auto settings = SettingFlags::add(*command, settings_of_data_commands);
  command->footer(
      R"(The target is what the settings name, and holds no orders yet: another --data-dir, or with
--engine cluster a topic and a keyspace (`konomi topics apply`, `konomi schema apply`). Settings
that belong to the data (time_zone, day_starts_at, bucket_count, min_orders) are the source's unless
set. Menu types, orders (each as it is now, cancelled ones too) and dead letters are copied; then
both sides are counted and compared. Let no orders in before it has ended. Interrupted, it goes on
when it is run again. Exit codes: 0 equal; 1 failed, or something differs; 2 wrong usage.

Examples:
  konomi migrate --from-data-dir /var/lib/konomi --engine cluster --kafka-brokers kafka1:9092
  konomi migrate --from-data-dir konomi-data --data-dir new-data --day-starts-at 05:00)");
  command->callback([&process, &chosen, flags, settings] {
    chosen = [&process, flags, settings]() -> int {
      const auto config = settings->load(process);
      if (!config) return kUsage;
      configure_log(config->values.log_level, config->values.log_format);
      const auto done = migrate(*config, *flags, process);
      return done ? *done : failed(process, done.error());
    };
  });
}

}  // namespace konomi::cli
