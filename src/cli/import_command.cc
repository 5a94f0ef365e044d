#include "base/wait.h"
#include "cli/command.h"
#include "cli/progress_line.h"
#include "cli/server_choice.h"
#include "client/local_server.h"
#include "client/log_standing.h"
#include "http/message.h"
#include "import/importer.h"
#include "process/konomi.h"
#include "process/stop_signals.h"
#include "wire/json_writer.h"

#include <fmt/format.h>

namespace konomi::cli {
namespace {

struct ImportFlags {
  std::vector<std::string> files;
  std::string url = std::string(kDefaultUrl);
  std::string status_url;
  std::string columns;
  std::string rejects;
  std::string state_dir;
  std::size_t batch = import::ImportOptions{}.batch_rows;
  bool wait = false;
  bool restart = false;
  std::shared_ptr<std::chrono::milliseconds> wait_timeout;
  std::shared_ptr<std::chrono::milliseconds> retry_for;
  std::shared_ptr<std::string> output;
  CLI::Option* url_option = nullptr;
};

// Shows an import on a terminal, or in single lines elsewhere.
class Watcher final : public import::ImportWatcher {
 public:
  Watcher(const Process& process, bool rejects_are_kept)
      : process_(process), line_(process), rejects_are_kept_(rejects_are_kept) {}

  void progress(const import::ImportProgress& progress) override {
    line_.show([&](double seconds) {
      const double per_second =
          static_cast<double>(progress.rows - progress.resumed) / std::max(seconds, 0.001);
      return fmt::format("{} {} rows, {:.0f} rows/s, {} rejected", bar(progress.share),
                         progress.rows, per_second, progress.rejected);
    });
  }

  void rejected(const import::ImportReject& reject) override {
    if (rejects_are_kept_ || ++rejects_shown_ > kRejectsShownMax) return;
    line_.clear();
    fmt::print(process_.err, "{}:{}: rejected: {}\n", reject.file, reject.line, reject.reason);
    if (rejects_shown_ == kRejectsShownMax) {
      fmt::print(process_.err, "further rejects are not shown; --rejects FILE keeps them all\n");
    }
  }

  void note(std::string_view sentence) override {
    line_.clear();
    fmt::print(process_.err, "konomi: {}\n", sentence);
  }

  void waiting(const client::LogStanding& standing, std::uint64_t end) {
    line_.show([&](double) {
      return fmt::format("waiting: {} of {} orders stored, {} counted",
                         std::min(standing.stored_up_to, end), end,
                         std::min(standing.counted_up_to, end));
    });
  }

  double seconds() const { return line_.seconds(); }
  void clear() { line_.clear(); }

 private:
  static constexpr int kRejectsShownMax = 5;

  static std::string bar(double share) {
    if (share < 0) return {};
    constexpr std::size_t kWidth = 24;
    const auto full = static_cast<std::size_t>(std::min(share, 1.0) * kWidth);
    return fmt::format("[{:#<{}}{:.<{}}] {:3.0f} %", "", full, "", kWidth - full, share * 100);
  }

  const Process& process_;
  ProgressLine line_;
  const bool rejects_are_kept_;
  int rejects_shown_ = 0;
};

void print_summary(const ImportFlags& flags, const import::ImportProgress& done, double seconds,
                   const Process& process) {
  const double per_second =
      static_cast<double>(done.rows - done.resumed) / std::max(seconds, 0.001);
  if (*flags.output == "json") {
    wire::JsonWriter json;
    json.begin_object();
    json.key("files").number(flags.files.size());
    json.key("rows").number(done.rows);
    json.key("accepted").number(done.accepted);
    json.key("rejected").number(done.rejected);
    json.key("resumed").number(done.resumed);
    json.key("seconds").real(seconds, 3);
    json.key("rows_per_second").real(per_second, 0);
    fmt::print(process.out, "{}", json.end_object().end_line().take());
    return;
  }
  fmt::print(process.out, "{} rows: {} accepted, {} rejected{}; {:.1f} s, {:.0f} rows/s\n",
             done.rows, done.accepted, done.rejected,
             done.resumed > 0 ? fmt::format(" ({} by an earlier run)", done.resumed) : "", seconds,
             per_second);
}

// `status` is asked how far storing and counting are; often the same.
int import_into(client::Server& server, client::Server& status,
                const import::ImportOptions& options, const ImportFlags& flags, bool wait,
                const process::StopSignals& signals, const Process& process) {
  const client::Pause pause = [stop = signals.token()](std::chrono::milliseconds time) {
    return !wait_or_stop(stop, time);
  };
  Watcher watcher(process, options.rejects.has_value());
  const std::vector<std::filesystem::path> files(flags.files.begin(), flags.files.end());
  const auto done =
      import::Importer(server, watcher, process.clock, pause, options).run(files, signals.token());
  const double seconds = watcher.seconds();
  watcher.clear();
  if (!done) {
    failed(process, done.error());
    const bool can_be_resumed =
        done.error().code == ErrorCode::cancelled || done.error().code == ErrorCode::unavailable;
    if (can_be_resumed) {
      fmt::print(process.err, "konomi: the same command goes on from here\n");
    }
    return kFailed;
  }
  Result<void> waited;
  if (wait) {
    waited = client::wait_until_counted(status, *flags.wait_timeout, pause,
                                        [&](const client::LogStanding& standing,
                                            std::uint64_t end) { watcher.waiting(standing, end); });
    watcher.clear();
  }
  print_summary(flags, *done, seconds, process);
  if (!waited) return failed(process, waited.error());
  return done->rejected > 0 ? kSomeRejected : kOk;
}

int import_files(const ImportFlags& flags, const SettingFlags& setting_flags,
                 const Process& process) {
  const auto config = setting_flags.load(process);
  if (!config) return kUsage;
  configure_log(config->values.log_level, config->values.log_format);
  import::ImportOptions options;
  options.columns_text = flags.columns;
  options.batch_rows = flags.batch;
  options.restart = flags.restart;
  options.retry.give_up_after = *flags.retry_for;
  if (!flags.rejects.empty()) options.rejects = flags.rejects;
  if (!flags.state_dir.empty()) options.state_dir = flags.state_dir;
  if (!flags.columns.empty()) {
    auto columns = import::parse_columns(flags.columns);
    if (!columns) return failed(process, columns.error(), kUsage);
    options.columns = std::move(*columns);
  }
  const process::StopSignals signals;
  const auto server = choose_server(flags.url, setting_flags, *config, process);
  if (!server) return failed(process, server.error());
  std::unique_ptr<client::HttpServer> status;
  if (!flags.status_url.empty()) {
    auto made = running_server(flags.status_url, process);
    if (!made) return failed(process, made.error());
    status = std::move(*made);
  }
  client::Server& orders = (*server)->server();
  // Without a konomi that runs on, the orders are stored and counted before the command ends.
  const bool wait = flags.wait || (*server)->is_local();
  return import_into(orders, status ? *status : orders, options, flags, wait, signals, process);
}

}  // namespace

void add_import_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "import", "Send the orders in files (CSV or NDJSON, also gzip) to a konomi");
  const auto flags = std::make_shared<ImportFlags>();
  command->add_option("FILE", flags->files, "CSV with a header, or NDJSON; - is standard input")
      ->required()
      ->option_text("");
  add_url_flag(*command, flags->url);
  command->add_flag("--wait", flags->wait, "Return when all of it is stored and counted");
  add_status_url_flag(*command, flags->status_url);
  flags->wait_timeout = add_duration_flag(*command, "--wait-timeout", std::chrono::minutes(10),
                                          "How long --wait waits");
  command
      ->add_option("--columns", flags->columns,
                   "Where the fields are: by the header's names (user_id=Guest,ordered_at=When; "
                   "the others keep their names), or by position in a file without a header "
                   "(order_id,user_id,-,menu_type,ordered_at)")
      ->option_text("LIST");
  command
      ->add_option("--rejects", flags->rejects,
                   "A CSV file for rows that were not accepted: file, line, reason, row")
      ->option_text("FILE");
  command->add_option("--batch", flags->batch, "Orders in a request")
      ->check(CLI::Range(1, 10'000))
      ->option_text("NUMBER [1000]");
  flags->retry_for =
      add_duration_flag(*command, "--retry-for", std::chrono::minutes(10),
                        "How long to try again while the konomi is full or does not answer");
  command
      ->add_option("--state-dir", flags->state_dir,
                   "Where to remember how far an interrupted import got; else beside the file")
      ->option_text("DIR");
  command->add_flag("--restart", flags->restart, "Begin anew, whatever an earlier run had done");
  flags->output = add_output_flag(*command);
  const auto setting_flags = SettingFlags::add(*command, settings_of_data_commands);
  command->get_option("--data-dir")->excludes("--url");
  command->footer(
      R"(With --data-dir the orders go into the data of a stopped konomi, and are counted at once.
A row without an order_id gets one that is the same every time, so that a file can be imported
again without counting anything twice. An interrupted import goes on when it is run again.
Exit codes: 0 all rows accepted; 1 failed; 2 wrong usage; 3 some rows were rejected.

Examples:
  konomi import orders.csv.gz --wait
  konomi import till.csv --columns user_id=Guest,ordered_at=When,menu_type=Dish --rejects bad.csv
  zcat orders.ndjson.gz | konomi import - --url http://127.0.0.1:9000)");
  command->callback([&process, &chosen, flags, setting_flags] {
    chosen = [&process, flags, setting_flags] {
      return import_files(*flags, *setting_flags, process);
    };
  });
}

}  // namespace konomi::cli
