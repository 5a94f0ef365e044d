#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/progress_line.h"
#include "cli/server_choice.h"
#include "export/export.h"
#include "http/client.h"
#include "process/shop.h"
#include "process/stop_signals.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

namespace konomi::cli {
namespace {

struct ExportFlags {
  std::string kind;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::string format = "ndjson";
  std::string output = "-";
  std::string url = std::string(kDefaultUrl);
};

using Sink = std::function<Result<void>(std::string_view)>;

Result<void> export_running(const ExportFlags& flags, const Sink& sink, const Process& process) {
  KONOMI_TRY(http::ClientOptions options, client_options(process));
  options.timeout = std::chrono::minutes(10);  // Stores may take a while for a piece.
  KONOMI_TRY(auto client, http::Client::create(flags.url, options));
  std::string target = fmt::format("/api/v1/export/{}?format={}", flags.kind, flags.format);
  if (flags.from) target += "&from=" + *flags.from;
  if (flags.to) target += "&to=" + *flags.to;
  KONOMI_TRY(const auto answer, client.download(target, {}, sink));
  if (answer.status == 200) return {};
  return std::unexpected(refusal_of(flags.url, answer.status, answer.body));
}

// Reads the stores themselves: of a stopped konomi, or of a cluster.
Result<void> export_here(config::LoadedConfig loaded, exporting::ExportRequest request,
                         const Sink& sink, const Process& process) {
  config::Config& config = loaded.values;
  if (config.engine == config::EngineKind::embedded) KONOMI_CHECK_OK(expect_data(config.data_dir));
  config.roles = {.ingest = false, .consume = false, .aggregate = false, .api = false};
  KONOMI_TRY(const auto shop, process::Shop::open(loaded, process.clock));
  exporting::Export rows(shop->export_ports(), shop->bucket_count, std::move(request));
  std::string piece;
  while (true) {
    KONOMI_TRY(const bool more, rows.next(piece));
    if (!more) return {};
    KONOMI_CHECK_OK(sink(piece));
  }
}

int export_rows(const config::LoadedConfig& config, const ExportFlags& flags, bool here,
                const Process& process) {
  configure_log(config.values.log_level, config.values.log_format);
  auto request = exporting::parse_request(flags.kind, flags.format, flags.from, flags.to);
  if (!request) return failed(process, request.error(), kUsage);
  const auto file = OutputFile::open(flags.output, process.out);
  if (!file) return failed(process, file.error());
  const process::StopSignals signals;
  OutputFile& out = **file;
  ProgressLine line(process);
  const Sink sink = [&, stop = signals.token()](std::string_view piece) -> Result<void> {
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped; no file was left");
    KONOMI_CHECK_OK(out.write(piece));
    line.show([&](double seconds) {
      return fmt::format("exporting: {} lines, {:.1f} MB, {:.0f} s", out.lines(),
                         static_cast<double>(out.bytes()) / 1e6, seconds);
    });
    return {};
  };
  auto done = here ? export_here(config, *std::move(request), sink, process)
                   : export_running(flags, sink, process);
  line.clear();
  if (done) done = out.finish();
  if (!done) return failed(process, done.error());
  // What was asked for is on standard output, or in the file.
  std::FILE* const summary = flags.output == "-" ? process.err : process.out;
  fmt::print(summary, "{} lines, {} bytes, sha256 {}\n", out.lines(), out.bytes(), out.sha256());
  return kOk;
}

}  // namespace

void add_export_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "export", "Write down orders or figures: the same bytes for the same orders on every engine");
  const auto flags = std::make_shared<ExportFlags>();
  command
      ->add_option("KIND", flags->kind,
                   "orders, days, users, segments, changes, menu_types, or all of them")
      ->required()
      ->option_text("");
  command->add_option("--from", flags->from, "The first business day of orders, days or changes")
      ->option_text("YYYY-MM-DD");
  command->add_option("--to", flags->to, "The last one, itself included")
      ->option_text("YYYY-MM-DD");
  command->add_option("--format", flags->format, "How rows are written")
      ->option_text("ndjson|csv [ndjson]");
  command
      ->add_option("--output", flags->output,
                   "Where to; a name that ends in .gz is packed; - is standard output")
      ->option_text("FILE [-]");
  add_url_flag(*command, flags->url);
  const auto settings = SettingFlags::add(*command, settings_of_data_commands);
  const StoresOrUrl choice(*command, settings);
  command->footer(
      R"(Asks a running konomi (--url), reads the data of a stopped one (--data-dir), or, with
--engine cluster, the stores themselves. The file appears when it is whole. The summary has the
SHA-256 of the rows before packing: equal for equal data, on one machine or a cluster. Left out is
what is not the orders': when and where something was counted. Wait until everything is counted
(`konomi import --wait`, /api/v1/status) before you compare.
`konomi import` reads exported orders again.

Examples:
  konomi export orders --output orders.ndjson.gz
  konomi export days --from 2025-05-01 --to 2025-05-31 --format csv --output may.csv
  konomi export all --data-dir /var/lib/konomi | sha256sum
  konomi export segments --engine cluster --cassandra-contact-points cassandra1:9042)");
  command->callback([&process, &chosen, flags, settings, choice] {
    chosen = [&process, flags, settings, choice]() -> int {
      const auto config = settings->load(process);
      if (!config) return kUsage;
      return export_rows(*config, *flags, choice.reads_stores(config->values), process);
    };
  });
}

}  // namespace konomi::cli
