#include "app/command.h"
#include "app/stop_signals.h"
#include "app/units.h"
#include "app/wiring.h"

#include <fmt/format.h>

namespace konomi::app {
namespace {

struct AggregateOptions {
  std::string date;
  bool dirty = false;
  std::string shard;
};

// "1/4": the second of four.
Result<Shard> parse_shard(std::string_view text) {
  if (text.empty()) return Shard{};
  const std::size_t slash = text.find('/');
  const auto count = parse_count(text.substr(slash == text.npos ? 0 : slash + 1), 1, 4096);
  if (slash != text.npos && count) {
    const auto index = parse_count(text.substr(0, slash), 0, *count - 1);
    if (index) {
      return Shard{.index = static_cast<std::uint32_t>(*index),
                   .count = static_cast<std::uint32_t>(*count)};
    }
  }
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("--shard is \"{}\"; expected I/N with I from 0 to N-1, such as 0/4", text));
}

Error explain(Error error) {
  if (error.code == ErrorCode::unavailable) {
    error.message += "; a konomi that runs counts by itself, and there is nothing to do";
  }
  return error;
}

int count(const Config& config, const AggregateOptions& options, bool json,
          const Process& process) {
  configure_log(config.log_level, config.log_format);
  const auto shard = parse_shard(options.shard);
  if (!shard) return failed(process, shard.error()), kUsage;
  Result<BusinessDay> day = BusinessDay();
  if (!options.date.empty()) day = parse_business_day(options.date);
  if (!day) return failed(process, day.error()), kUsage;
  if (!std::filesystem::exists(config.data_dir)) {
    return failed(process, {.code = ErrorCode::not_found,
                            .message = fmt::format("there is no data in {}; name its directory "
                                                   "with --data-dir",
                                                   config.data_dir.string())});
  }
  const StopSignals signals;
  const auto konomi = Konomi::open(config, process.clock);
  if (!konomi) return failed(process, explain(konomi.error()));
  const auto stored = (*konomi)->store_waiting(signals.token());
  if (!stored) return failed(process, stored.error());
  aggregate::Aggregator& aggregator = (*konomi)->aggregator();
  const auto report = options.dirty ? aggregator.count_dirty(signals.token())
                                    : aggregator.count_day(*day, *shard, signals.token());
  if (!report) return failed(process, report.error());
  const double seconds = std::chrono::duration<double>(report->duration).count();
  if (json) {
    fmt::print(process.out,
               R"({{"stored":{},"buckets_counted":{},"days_rolled_up":{},"seconds":{:.3f}}})"
               "\n",
               *stored, report->buckets_counted, report->days_rolled_up, seconds);
  } else {
    fmt::print(process.out,
               "stored {} waiting orders, counted {} buckets and summed up {} days in {:.2f} s\n",
               *stored, report->buckets_counted, report->days_rolled_up, seconds);
  }
  return kOk;
}

}  // namespace

void add_aggregate_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "aggregate", "Count a day anew, or all that is not counted yet (of a stopped konomi)");
  const auto options = std::make_shared<AggregateOptions>();
  CLI::Option* const date =
      command->add_option("--date", options->date, "The business day to count, dirty or not")
          ->option_text("YYYY-MM-DD");
  CLI::Option* const dirty =
      command->add_flag("--dirty", options->dirty, "Every day with orders not counted yet");
  command->add_option("--shard", options->shard, "Only every N-th bucket, from I on")
      ->option_text("I/N")
      ->needs(date);
  date->excludes(dirty);
  const auto output = add_output_flag(*command);
  const auto flags = SettingFlags::add(*command, settings_of_data_commands);
  command->footer(R"(A running konomi counts by itself; its data directory is locked.

Examples:
  konomi aggregate --dirty
  konomi aggregate --date 2025-05-31 --data-dir /var/lib/konomi)");
  command->callback([&process, &chosen, options, output, flags] {
    if (options->date.empty() && !options->dirty) {
      throw CLI::RequiredError("--date or --dirty");
    }
    chosen = [&process, options, output, flags]() -> int {
      const auto config = flags->load(process);
      return config ? count(config->values, *options, *output == "json", process) : kUsage;
    };
  });
}

}  // namespace konomi::app
