#include "cli/cli.h"

#include "process/version.h"

#include <fmt/format.h>

namespace konomi::cli {
namespace {

constexpr const char* kFooter =
    R"(Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 some rows were rejected.

Settings come from a flag (--data-dir), else the environment (KONOMI_DATA_DIR), else a TOML file
(--config FILE or KONOMI_CONFIG; data_dir = "…"), else a default. `konomi config print` shows them.

Examples:
  konomi serve
  konomi import orders.csv.gz --wait
  konomi simulate --days 60)";

int parse_and_run(int argc, const char* const* argv, const Process& process) {
  CLI::App app("konomi turns a restaurant's order log into daily counts and guests' preferences",
               "konomi");
  app.footer(kFooter);
  app.set_version_flag("--version", fmt::format("konomi {}", process::kVersion));
  app.require_subcommand(1);
  app.fallthrough(false);
  app.option_defaults()->always_capture_default(false);
  app.get_formatter()->column_width(42);
  Action chosen;
  add_serve_command(app, process, chosen);
  add_import_command(app, process, chosen);
  add_export_command(app, process, chosen);
  add_simulate_command(app, process, chosen);
  add_aggregate_command(app, process, chosen);
  add_verify_command(app, process, chosen);
  add_dlq_command(app, process, chosen);
  add_backup_command(app, process, chosen);
  add_restore_command(app, process, chosen);
  add_migrate_command(app, process, chosen);
  add_erase_command(app, process, chosen);
  add_topics_command(app, process, chosen);
  add_schema_command(app, process, chosen);
  add_keys_command(app, process, chosen);
  add_config_command(app, process, chosen);
  add_version_command(app, process, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print(process.out, "{}", app.help());
    return kOk;
  } catch (const CLI::CallForVersion& version) {
    fmt::print(process.out, "{}\n", version.what());
    return kOk;
  } catch (const CLI::ParseError& error) {
    std::string command = "konomi";
    for (const CLI::App* sub : app.get_subcommands()) command += " " + sub->get_name();
    fmt::print(process.err, "konomi: {}\nSee {} --help.\n", error.what(), command);
    return kUsage;
  }
  return chosen();
}

}  // namespace

int run(int argc, const char* const* argv, const Process& process) {
  try {
    return parse_and_run(argc, argv, process);
  } catch (const std::exception& error) {
    fmt::print(process.err, "konomi: this is our own mistake, please report it: {}\n",
               error.what());
    return kFailed;
  }
}

}  // namespace konomi::cli
