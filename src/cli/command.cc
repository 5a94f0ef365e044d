#include "cli/command.h"

#include "config/units.h"

#include <fmt/format.h>

namespace konomi::cli {

std::shared_ptr<SettingFlags> SettingFlags::add(
    CLI::App& command, const std::function<bool(const config::Setting&)>& wanted) {
  auto flags = std::make_shared<SettingFlags>();
  command.add_option("--config", flags->file_, "A TOML file with settings (KONOMI_CONFIG)")
      ->option_text("FILE")
      ->group("Settings");
  for (const config::Setting& setting : config::settings()) {
    if (!wanted(setting)) continue;
    std::string unset = setting.get(config::Config{});
    command
        .add_option_function<std::string>(
            setting.flag(),
            [flags, name = std::string(setting.name)](const std::string& value) {
              flags->flags_[name] = value;
            },
            std::string(setting.help))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->option_text(fmt::format("{} [{}]", setting.expects, unset))
        ->group("Settings");
  }
  return flags;
}

std::optional<config::LoadedConfig> SettingFlags::load(const Process& process) const {
  config::ConfigSources sources{.flags = flags_, .environment = process.environment, .file = {}};
  if (!file_.empty()) sources.file = file_;
  auto config = config::load_config(sources);
  if (config) return std::move(*config);
  for (const std::string& problem : config.error())
    fmt::print(process.err, "konomi: {}\n", problem);
  return std::nullopt;
}

std::shared_ptr<std::string> add_output_flag(CLI::App& command) {
  auto format = std::make_shared<std::string>("text");
  command
      .add_option_function<std::string>(
          "--output", [format](const std::string& value) { *format = value; },
          "How the result is written")
      ->check(CLI::IsMember({"text", "json"}))
      ->option_text("text|json [text]");
  return format;
}

std::shared_ptr<std::chrono::milliseconds> add_duration_flag(CLI::App& command,
                                                             const std::string& flag,
                                                             std::chrono::milliseconds value,
                                                             const std::string& help) {
  auto duration = std::make_shared<std::chrono::milliseconds>(value);
  command
      .add_option_function<std::string>(
          flag,
          [duration, flag](const std::string& text) {
            const auto parsed = config::parse_duration(text);
            if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
            *duration = *parsed;
          },
          help)
      ->option_text(fmt::format("DURATION [{}]", config::duration_text(value)));
  return duration;
}

int failed(const Process& process, const Error& error, ExitCode exit_code) {
  fmt::print(process.err, "konomi: {}\n", error.message);
  return exit_code;
}

}  // namespace konomi::cli
