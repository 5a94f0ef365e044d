#include "cli/command.h"
#include "config/print.h"
#include "engine/engine.h"
#include "process/version.h"
#include "wire/json_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace konomi::cli {
namespace {

int print(const SettingFlags& flags, bool json, const Process& process) {
  const auto config = flags.load(process);
  if (!config) return kUsage;
  fmt::print(process.out, "{}",
             json ? config::print_config_json(*config) : config::print_config_toml(*config));
  return kOk;
}

int check(const SettingFlags& flags, const Process& process) {
  const auto config = flags.load(process);
  if (!config) return kUsage;
  fmt::print(process.out, "the configuration is right ({})\n",
             config->file ? config->file->string() : "no file");
  return kOk;
}

}  // namespace

void add_config_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand("config", "Show or check the settings");
  command->require_subcommand(1);

  CLI::App* const print_command = command->add_subcommand(
      "print", "The effective settings and where each one comes from, as TOML or JSON");
  const auto output = add_output_flag(*print_command);
  const auto print_flags = SettingFlags::add(*print_command, every_setting);
  print_command->footer(R"(Examples:
  konomi config print > konomi.toml
  konomi config print --config konomi.toml --output json)");
  print_command->callback([&process, &chosen, output, print_flags] {
    chosen = [&process, output, print_flags] {
      return print(*print_flags, *output == "json", process);
    };
  });

  CLI::App* const check_command =
      command->add_subcommand("check", "Say what is wrong with the settings, all of it");
  const auto check_flags = SettingFlags::add(*check_command, every_setting);
  check_command->footer(R"(Examples:
  konomi config check --config konomi.toml)");
  check_command->callback([&process, &chosen, check_flags] {
    chosen = [&process, check_flags] { return check(*check_flags, process); };
  });
}

void add_version_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand("version", "Say which konomi this is");
  const auto output = add_output_flag(*command);
  command->footer(R"(Examples:
  konomi version
  konomi version --output json)");
  command->callback([&process, &chosen, output] {
    chosen = [&process, output]() -> int {
      std::vector<std::string_view> engines;
      for (const config::EngineKind kind : engine::kEngines) engines.push_back(name_of(kind));
      if (*output == "json") {
        wire::JsonWriter json;
        json.begin_object().key("name").text("konomi").key("version").text(process::kVersion);
        json.key("engines").begin_array();
        for (const std::string_view engine : engines) json.text(engine);
        fmt::print(process.out, "{}", json.end_array().end_object().end_line().take());
      } else {
        fmt::print(process.out, "konomi {} (engines: {})\n", process::kVersion,
                   fmt::join(engines, ", "));
      }
      return kOk;
    };
  });
}

}  // namespace konomi::cli
