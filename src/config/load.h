#pragma once

#include "config/config.h"

#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::config {

// Where settings may come from. A flag wins over the environment, that over the file, that over the
// default.
struct ConfigSources {
  std::map<std::string, std::string> flags;                      // By the setting's name.
  std::vector<std::pair<std::string, std::string>> environment;  // Only KONOMI_* ones are read.
  std::optional<std::filesystem::path> file;  // Else the one that KONOMI_CONFIG names, if any.
};

struct LoadedConfig {
  Config values;
  // Setting → "flag", "environment", "default", file. One that is missing is a default, too.
  std::map<std::string, std::string> origins;
  std::optional<std::filesystem::path> file;

  // Whether anything but the default gave the setting its value.
  bool is_set(std::string_view setting) const;
};

// Puts the settings together and checks them. On failure every problem, each one naming the
// setting, where it came from, what was expected and what came.
std::expected<LoadedConfig, std::vector<std::string>> load_config(const ConfigSources& sources);

// Adds the settings of a TOML text to `config`; `origin` names it in messages.
void apply_toml(std::string_view text, const std::string& origin, LoadedConfig& config,
                std::vector<std::string>& problems);

}  // namespace konomi::config
