#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/load.h"
#include "config/setting.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::cli {

// How a command ends; written down in `konomi --help`.
enum ExitCode : int { kOk = 0, kFailed = 1, kUsage = 2, kSomeRejected = 3 };

// What a command has of the process it runs in. Outlives the command.
struct Process {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  std::vector<std::pair<std::string, std::string>> environment;
  const Clock& clock;
};

// What was asked for on the command line, to be run when all of it is read.
using Action = std::function<int()>;

// The flags of a command that come from the table of settings, and --config.
class SettingFlags {
 public:
  // Adds those that `wanted` picks to `command`, which keeps what it needs alive.
  static std::shared_ptr<SettingFlags> add(
      CLI::App& command, const std::function<bool(const config::Setting&)>& wanted);

  // Whether the flag itself was given, whatever other sources say.
  bool given(std::string_view setting) const { return flags_.contains(std::string(setting)); }

  // All sources together. When something is wrong, says so on process.err: the command ends with
  // kUsage.
  std::optional<config::LoadedConfig> load(const Process& process) const;

 private:
  std::map<std::string, std::string> flags_;
  std::string file_;
};

// What SettingFlags::add() may be asked for.
inline bool every_setting(const config::Setting&) {
  return true;
}
inline bool settings_of_data_commands(const config::Setting& setting) {
  return !setting.serve_only;
}

// "--output text|json"; the string lives as long as the command.
std::shared_ptr<std::string> add_output_flag(CLI::App& command);

// "--NAME 10m", checked while the command line is read.
std::shared_ptr<std::chrono::milliseconds> add_duration_flag(CLI::App& command,
                                                             const std::string& flag,
                                                             std::chrono::milliseconds value,
                                                             const std::string& help);

// Says on process.err what went wrong, and returns `exit_code`.
int failed(const Process& process, const Error& error, ExitCode exit_code = kFailed);

void add_serve_command(CLI::App& app, const Process& process, Action& chosen);
void add_aggregate_command(CLI::App& app, const Process& process, Action& chosen);
void add_backup_command(CLI::App& app, const Process& process, Action& chosen);
void add_restore_command(CLI::App& app, const Process& process, Action& chosen);
void add_migrate_command(CLI::App& app, const Process& process, Action& chosen);
void add_import_command(CLI::App& app, const Process& process, Action& chosen);
void add_export_command(CLI::App& app, const Process& process, Action& chosen);
void add_simulate_command(CLI::App& app, const Process& process, Action& chosen);
void add_verify_command(CLI::App& app, const Process& process, Action& chosen);
void add_dlq_command(CLI::App& app, const Process& process, Action& chosen);
void add_erase_command(CLI::App& app, const Process& process, Action& chosen);
void add_topics_command(CLI::App& app, const Process& process, Action& chosen);
void add_schema_command(CLI::App& app, const Process& process, Action& chosen);
void add_keys_command(CLI::App& app, const Process& process, Action& chosen);
void add_config_command(CLI::App& app, const Process& process, Action& chosen);
void add_version_command(CLI::App& app, const Process& process, Action& chosen);

}  // namespace konomi::cli
