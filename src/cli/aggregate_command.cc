#include "cli/command.h"
#include "config/units.h"
#include "process/aggregate_role.h"
#include "process/shop.h"
#include "process/stop_signals.h"
#include "process/store_waiting.h"
#include "process/telemetry.h"
#include "wire/json_writer.h"

#include <fmt/format.h>

namespace konomi::cli {
namespace {

struct AggregateOptions {
  std::string date;
  bool dirty = false;
  std::string shard;
};

Error explain(Error error, const config::Config& config) {
  if (error.code == ErrorCode::unavailable && config.engine == config::EngineKind::embedded) {
    error.message += "; a konomi that runs counts by itself, and there is nothing to do";
  }
  return error;
}

Result<void> use_shard(config::Config& config, const std::string& shard) {
  if (shard.empty()) return {};
  KONOMI_TRY(config.aggregate_shard, config::parse_shard(shard));
  return {};
}

int count(config::LoadedConfig loaded, const AggregateOptions& options, bool json,
          const Process& process) {
  config::Config& config = loaded.values;
  configure_log(config.log_level, config.log_format);
  if (const auto used = use_shard(config, options.shard); !used)
    return failed(process, used.error(), kUsage);
  // On a cluster other processes store; here nobody else can.
  const bool stores = config.engine == config::EngineKind::embedded;
  config.roles = {.ingest = false, .consume = stores, .aggregate = true, .api = false};
  Result<BusinessDay> day = BusinessDay();
  if (!options.date.empty()) day = parse_business_day(options.date);
  if (!day) return failed(process, day.error(), kUsage);
  if (stores && !std::filesystem::exists(config.data_dir)) {
    return failed(process, {.code = ErrorCode::not_found,
                            .message = fmt::format("there is no data in {}; name its directory "
                                                   "with --data-dir",
                                                   config.data_dir.string())});
  }
  const process::StopSignals signals;
  const auto telemetry = process::Telemetry::open();
  if (!telemetry) return failed(process, telemetry.error());
  const auto shop = process::Shop::open(loaded, process.clock, {.traces = (*telemetry)->traces()});
  if (!shop) return failed(process, explain(shop.error(), config));
  Result<std::uint64_t> stored = std::uint64_t{0};
  if (stores) stored = process::store_waiting(**shop, **telemetry, signals.token());
  if (!stored) return failed(process, stored.error());
  process::AggregateRole role(**shop, **telemetry);
  aggregate::Aggregator& aggregator = role.aggregator();
  const auto report = options.dirty ? aggregator.count_dirty(signals.token())
                                    : aggregator.count_day(*day, signals.token());
  if (!report) return failed(process, report.error());
  const double seconds = std::chrono::duration<double>(report->duration).count();
  if (json) {
    wire::JsonWriter line;
    line.begin_object();
    line.key("stored").number(*stored);
    line.key("buckets_counted").number(report->buckets_counted);
    line.key("days_rolled_up").number(report->days_rolled_up);
    line.key("seconds").real(seconds, 3);
    fmt::print(process.out, "{}", line.end_object().end_line().take());
  } else {
    fmt::print(process.out,
               "stored {} waiting orders, counted {} buckets and summed up {} days in {:.2f} s\n",
               *stored, report->buckets_counted, report->days_rolled_up, seconds);
  }
  return kOk;
}

}  // namespace

void add_aggregate_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("aggregate", "Count a day anew, or all that is not counted yet");
  const auto options = std::make_shared<AggregateOptions>();
  CLI::Option* const date =
      command->add_option("--date", options->date, "The business day to count, dirty or not")
          ->option_text("YYYY-MM-DD");
  CLI::Option* const dirty =
      command->add_flag("--dirty", options->dirty, "Every day with orders not counted yet");
  command->add_option("--shard", options->shard, "Only every N-th bucket, from I on")
      ->option_text("I/N");
  date->excludes(dirty);
  const auto output = add_output_flag(*command);
  const auto flags = SettingFlags::add(*command, settings_of_data_commands);
  command->footer(
      R"(Embedded: of a stopped konomi; a running one counts by itself, and locks its data.
Cluster: at any time, beside any others; of N processes each can take a shard.

Examples:
  konomi aggregate --dirty
  konomi aggregate --date 2025-05-31 --data-dir /var/lib/konomi
  konomi aggregate --engine cluster --date 2025-05-31 --shard 0/4)");
  command->callback([&process, &chosen, options, output, flags] {
    if (options->date.empty() && !options->dirty) {
      throw CLI::RequiredError("--date or --dirty");
    }
    chosen = [&process, options, output, flags]() -> int {
      const auto config = flags->load(process);
      return config ? count(*config, *options, *output == "json", process) : kUsage;
    };
  });
}

}  // namespace konomi::cli
