#include "cli/command.h"
#include "cli/progress_line.h"
#include "cli/server_choice.h"
#include "http/client.h"
#include "process/aggregate_role.h"
#include "process/shop.h"
#include "process/stop_signals.h"
#include "process/telemetry.h"
#include "verify/repair.h"
#include "verify/report.h"
#include "verify/verification.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace konomi::cli {
namespace {

struct VerifyFlags {
  std::string from;
  std::string to;
  bool repair = false;
  std::string url;
  std::shared_ptr<std::string> output;
};

struct Range {
  std::optional<BusinessDay> from;
  std::optional<BusinessDay> to;
};

// What there is to say in the end: a report, and when something was repaired, another one.
struct Outcome {
  verify::Report report;
  std::optional<verify::Repair> repair;
  verify::Report after;
};

Result<Range> range_of(const VerifyFlags& flags) {
  Range range;
  if (!flags.from.empty()) {
    KONOMI_TRY(range.from, parse_business_day(flags.from));
  }
  if (!flags.to.empty()) {
    KONOMI_TRY(range.to, parse_business_day(flags.to));
  }
  return range;
}

void show_share(ProgressLine& line, std::uint64_t done, std::uint64_t parts) {
  line.show([&](double seconds) {
    return fmt::format("verifying: {} of {} parts, {:.0f} s", done, parts, seconds);
  });
}

int say(const Outcome& outcome, const VerifyFlags& flags, const Process& process) {
  const verify::Report& last = outcome.repair ? outcome.after : outcome.report;
  if (*flags.output == "json") {
    wire::JsonWriter json;
    json.begin_object().key("report");
    verify::write_report(json, outcome.report);
    json.key("repair");
    if (outcome.repair) {
      json.begin_object();
      json.key("generation").number(outcome.repair->generation.value());
      json.key("buckets_recounted").number(outcome.repair->recounts);
      json.key("rows_removed").number(outcome.repair->strays);
      json.key("report");
      verify::write_report(json, outcome.after);
      json.end_object();
    } else {
      json.null();
    }
    fmt::print(process.out, "{}", json.end_object().end_line().take());
  } else {
    fmt::print(process.out, "{}", verify::to_text(outcome.report));
    if (outcome.repair) {
      fmt::print(process.out,
                 "\nrepaired under generation {}: {} buckets of days counted again, {} rows "
                 "taken away\n{}",
                 outcome.repair->generation.value(), outcome.repair->recounts,
                 outcome.repair->strays, verify::to_text(outcome.after));
    }
  }
  return last.differences_total > 0 ? kFailed : kOk;
}

// --- Over HTTP -----------------------------------------------------------------------------------

// Reads the lines of the answer of POST /api/v1/verifications.
class AnswerReader {
 public:
  AnswerReader(const Process& process, std::string server)
      : line_(process), server_(std::move(server)) {}

  Result<void> take(std::string_view piece) {
    rest_ += piece;
    for (std::size_t end; (end = rest_.find('\n')) != std::string::npos;) {
      const std::string line = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      KONOMI_CHECK_OK(take_line(line));
    }
    return {};
  }

  Result<Outcome> outcome() {
    line_.clear();
    if (reports_ > (outcome_.repair ? 1U : 0U)) return std::move(outcome_);
    return fail(ErrorCode::unavailable,
                fmt::format("the answer of {} ended before its report; see its log", server_));
  }

 private:
  Result<void> take_line(const std::string& line) {
    simdjson::dom::element json;
    if (parser_.parse(line).get(json) != simdjson::SUCCESS) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} answers something else than a verification; is it a konomi of "
                              "this version?",
                              server_));
    }
    const std::string error = wire::text_at(json, "error");
    if (!error.empty()) return fail(ErrorCode::unavailable, error);
    simdjson::dom::element report;
    if (json["report"].get(report) == simdjson::SUCCESS) {
      const bool again = outcome_.repair.has_value();
      (again ? outcome_.after : outcome_.report) = verify::read_report(report);
      ++reports_;
      return {};
    }
    const std::string phase = wire::text_at(json, "phase");
    if (phase == "repairing") {
      outcome_.repair = verify::Repair{
          .generation = Generation(static_cast<std::uint32_t>(wire::number_at(json, "generation"))),
          .recounts = wire::number_at(json, "buckets_to_recount"),
          .strays = wire::number_at(json, "rows_removed")};
    } else if (phase == "verifying") {
      show_share(line_, wire::number_at(json, "done"), wire::number_at(json, "parts"));
    } else {
      line_.show([](double) { return std::string("waiting until it is counted again"); });
    }
    return {};
  }

  ProgressLine line_;
  const std::string server_;
  simdjson::dom::parser parser_;
  std::string rest_;
  Outcome outcome_;
  unsigned reports_ = 0;
};

Result<Outcome> verify_running(const VerifyFlags& flags, const Range& range,
                               const Process& process) {
  KONOMI_TRY(http::ClientOptions options, client_options(process));
  options.timeout = std::chrono::minutes(10);  // A part of the work can take a while.
  KONOMI_TRY(auto client, http::Client::create(flags.url, options));
  std::string target = fmt::format("/api/v1/verifications?repair={}", flags.repair);
  if (range.from) target += "&from=" + to_string(*range.from);
  if (range.to) target += "&to=" + to_string(*range.to);
  AnswerReader reader(process, flags.url);
  KONOMI_TRY(const auto answer, client.post_streamed(target, {}, [&](std::string_view piece) {
    return reader.take(piece);
  }));
  if (answer.status != 200)
    return std::unexpected(refusal_of(flags.url, answer.status, answer.body));
  return reader.outcome();
}

// --- In this process -----------------------------------------------------------------------------

struct Verified {
  verify::Report report;
  verify::RepairPlan plan;
};

Result<Verified> verify_once(const process::Shop& shop, const verify::VerifyOptions& options,
                             std::size_t threads, const Range& range,
                             const process::StopSignals& signals, const Process& process) {
  KONOMI_TRY(const auto verification,
             verify::Verification::begin(shop.verify_ports(), options, shop.calendar, process.clock,
                                         range.from, range.to));
  ProgressLine line(process);
  const auto show = [&] { show_share(line, verification->done(), verification->parts()); };
  KONOMI_CHECK_OK(verification->run(threads, show, signals.token()));
  return Verified{.report = verification->report(), .plan = verification->plan()};
}

Result<Outcome> verify_here(config::LoadedConfig loaded, const VerifyFlags& flags,
                            const Range& range, const Process& process) {
  config::Config& config = loaded.values;
  const bool embedded = config.engine == config::EngineKind::embedded;
  if (embedded) KONOMI_CHECK_OK(expect_data(config.data_dir));
  config.roles = {.ingest = false, .consume = false, .aggregate = flags.repair, .api = false};
  const process::StopSignals signals;
  KONOMI_TRY(const auto shop, process::Shop::open(loaded, process.clock));
  verify::VerifyOptions options = shop->verify_options();
  // Nothing moves in a stopped konomi.
  if (embedded) options.look_again_after = std::chrono::milliseconds(0);
  const std::size_t threads = config.aggregate_threads_or_default();
  KONOMI_TRY(auto first, verify_once(*shop, options, threads, range, signals, process));
  Outcome outcome{.report = std::move(first.report)};
  if (!flags.repair || first.plan.empty()) return outcome;
  KONOMI_TRY(const auto telemetry, process::Telemetry::open());
  process::AggregateRole counting(*shop, *telemetry);
  KONOMI_TRY(outcome.repair, verify::begin_repair(shop->verify_ports(), options, first.plan));
  KONOMI_CHECK_OK(counting.aggregator().count_dirty(signals.token()));
  KONOMI_TRY(auto second, verify_once(*shop, options, threads, range, signals, process));
  outcome.after = std::move(second.report);
  return outcome;
}

int verify_days(const config::LoadedConfig& config, const VerifyFlags& flags, bool here,
                const Process& process) {
  configure_log(config.values.log_level, config.values.log_format);
  const auto range = range_of(flags);
  if (!range) return failed(process, range.error(), kUsage);
  const auto outcome =
      here ? verify_here(config, flags, *range, process) : verify_running(flags, *range, process);
  if (!outcome) return failed(process, outcome.error());
  return say(*outcome, flags, process);
}

}  // namespace

void add_verify_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "verify", "Recount days from their stored orders, by another way, and compare everything");
  const auto flags = std::make_shared<VerifyFlags>();
  command
      ->add_option("--from", flags->from, "The first business day; without it the first there is")
      ->option_text("YYYY-MM-DD");
  command->add_option("--to", flags->to, "The last one, itself included")
      ->option_text("YYYY-MM-DD");
  command->add_flag("--repair", flags->repair,
                    "Have what differs counted again, and verify once more");
  add_url_flag(*command, flags->url);
  flags->url = kDefaultUrl;
  flags->output = add_output_flag(*command);
  const auto settings = SettingFlags::add(*command, settings_of_data_commands);
  const StoresOrUrl choice(*command, settings);
  command->footer(
      R"(Asks a running konomi (--url), reads the data of a stopped one (--data-dir), or, with
--engine cluster, the stores themselves. Exit code 1 when anything differs (after --repair: still).
Days whose orders are not stored any more can only be attested from their sums; the output says so.

Examples:
  konomi verify
  konomi verify --from 2025-05-01 --to 2025-05-31 --output json
  konomi verify --repair --data-dir /var/lib/konomi
  konomi verify --engine cluster --cassandra-contact-points cassandra1:9042)");
  command->callback([&process, &chosen, flags, settings, choice] {
    chosen = [&process, flags, settings, choice]() -> int {
      const auto config = settings->load(process);
      if (!config) return kUsage;
      return verify_days(*config, *flags, choice.reads_stores(config->values), process);
    };
  });
}

}  // namespace konomi::cli
