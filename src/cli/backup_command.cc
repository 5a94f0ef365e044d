#include "cli/command.h"
#include "cli/server_choice.h"
#include "engine/engine.h"
#include "http/client.h"
#include "operate/backups.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace konomi::cli {
namespace {

struct BackupFlags {
  std::string to;
  std::uint64_t keep = 0;  // 0: all of them.
  std::string url = std::string(kDefaultUrl);
  std::shared_ptr<std::string> output;
};

// What a running konomi answers, or to_json() of a backup made here.
int say(const std::string& json, const BackupFlags& flags, const Process& process) {
  if (*flags.output == "json") {
    fmt::print(process.out, "{}\n", json);
    return kOk;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element backup;
  std::string_view name;
  std::uint64_t orders = 0, files = 0, bytes = 0;
  double seconds = 0;
  simdjson::dom::array removed;
  if (parser.parse(json).get(backup) || backup["name"].get(name) || backup["log_end"].get(orders) ||
      backup["files"].get(files) || backup["bytes"].get(bytes) || backup["seconds"].get(seconds) ||
      backup["removed"].get(removed)) {
    return failed(process, {.code = ErrorCode::internal,
                            .message = "the answer is no konomi's of this version: " + json});
  }
  fmt::print(process.out, "{}: {} orders, {} files, {:.1f} MB, checked; {:.2f} s{}\n", name, orders,
             files, static_cast<double>(bytes) / 1e6, seconds,
             removed.size() == 0 ? "" : fmt::format("; {} older removed", removed.size()));
  return kOk;
}

Result<std::string> back_up_running(const BackupFlags& flags, const Process& process) {
  KONOMI_TRY(http::ClientOptions options, client_options(process));
  options.timeout = std::chrono::hours(6);  // Every block is read once; nothing comes meanwhile.
  KONOMI_TRY(auto client, http::Client::create(flags.url, options));
  const std::string query = flags.keep == 0 ? "" : fmt::format("?keep={}", flags.keep);
  KONOMI_TRY(auto answer, client.post("/api/v1/backups" + query, "application/json", ""));
  if (answer.status == 201) return std::move(answer.body);
  return std::unexpected(refusal_of(flags.url, answer.status, answer.body));
}

Result<std::string> back_up_stopped(const config::Config& config, const BackupFlags& flags,
                                    const Process& process) {
  if (flags.to.empty()) {
    return fail(ErrorCode::invalid_argument,
                "with --data-dir the directory for backups is missing; name it with --to");
  }
  KONOMI_CHECK_OK(expect_data(config.data_dir));
  KONOMI_TRY(const auto engine, engine::open_engine(config, process.clock));
  operate::Backups backups(engine->maintenance, process.clock, flags.to);
  KONOMI_TRY(const operate::Backup made,
             backups.make(flags.keep == 0 ? std::optional<std::size_t>() : flags.keep));
  return to_json(made);
}

}  // namespace

void add_backup_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "backup", "Make a checked backup of an embedded konomi, running or stopped");
  const auto flags = std::make_shared<BackupFlags>();
  CLI::Option* const to =
      command->add_option("--to", flags->to, "With --data-dir: the directory for its backups")
          ->option_text("DIR");
  command->add_option("--keep", flags->keep, "Keep so many, and remove older ones")
      ->check(CLI::Range(1, 10'000))
      ->option_text("NUMBER [all]");
  add_url_flag(*command, flags->url);
  flags->output = add_output_flag(*command);
  const auto settings = SettingFlags::add(*command, settings_of_data_commands);
  CLI::Option* const data_dir = command->get_option("--data-dir");
  data_dir->excludes("--url");
  to->needs(data_dir);
  command->footer(
      R"(A running konomi writes into its own backup_dir, and takes orders meanwhile: every order
acknowledged before is in the backup. Each backup is a directory named by the time; on the same file
system its files are links, so it costs little, and copy it to another machine. One backup_dir for
one konomi. A cluster is backed up with Cassandra's and Kafka's own means: docs/operating.md.

Examples:
  konomi backup --keep 7
  konomi backup --data-dir /var/lib/konomi --to /var/backups/konomi)");
  command->callback([&process, &chosen, flags, settings] {
    chosen = [&process, flags, settings]() -> int {
      const auto config = settings->load(process);
      if (!config) return kUsage;
      configure_log(config->values.log_level, config->values.log_format);
      const auto made = settings->given("data_dir")
                            ? back_up_stopped(config->values, *flags, process)
                            : back_up_running(*flags, process);
      return made ? say(*made, *flags, process) : failed(process, made.error());
    };
  });
}

void add_restore_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("restore", "Make a data directory of a backup, checked before and after");
  const auto from = std::make_shared<std::string>();
  const auto data_dir = std::make_shared<std::string>();
  command->add_option("--from", *from, "A backup: a directory that `konomi backup` has written")
      ->required()
      ->option_text("DIR");
  command->add_option("--data-dir", *data_dir, "Where to; empty, or not there yet")
      ->required()
      ->option_text("DIR");
  command->footer(R"(Examples:
  konomi restore --from /var/backups/konomi/2025-05-31T18-00-00.000Z --data-dir /var/lib/konomi-new
  konomi serve --data-dir /var/lib/konomi-new)");
  command->callback([&process, &chosen, from, data_dir] {
    chosen = [&process, from, data_dir]() -> int {
      const auto facts = operate::restore_backup(*from, *data_dir);
      if (!facts) return failed(process, facts.error());
      fmt::print(process.out, "{}: {} orders, {} files, {:.1f} MB, checked\n", *data_dir,
                 facts->log_end.value(), facts->files, static_cast<double>(facts->bytes) / 1e6);
      return kOk;
    };
  });
}

}  // namespace konomi::cli
