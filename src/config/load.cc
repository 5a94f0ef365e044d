#include "config/load.h"

#include "config/consistency.h"
#include "config/environment.h"
#include "config/setting.h"
#include "config/units.h"
#include "domain/text.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>

namespace konomi::config {
namespace {

constexpr std::string_view kDefaultOrigin = "default";

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view near = nearest(word, known);
  return near.empty() ? std::string("`konomi config print` lists every setting")
                      : fmt::format("did you mean {}?", near);
}

void set_value(const Setting& setting, std::string_view value, std::string_view shown_name,
               const std::string& origin, LoadedConfig& config,
               std::vector<std::string>& problems) {
  const Result<void> set = setting.set(config.values, value);
  if (!set) {
    problems.push_back(fmt::format("{}: {}", shown_name, set.error().message));
    return;
  }
  config.origins[std::string(setting.name)] = origin;
}

// A TOML value as text in the form that Setting::set reads, or nothing when it can be no setting.
std::optional<std::string> toml_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto number = node.value_exact<std::int64_t>()) return fmt::to_string(*number);
  const toml::array* const list = node.as_array();
  if (list == nullptr) return std::nullopt;
  std::string out;
  for (const toml::node& item : *list) {
    const auto word = item.value_exact<std::string>();
    if (!word) return std::nullopt;
    out += (out.empty() ? "" : ",") + *word;
  }
  return out;
}

Result<std::string> read_file(const std::filesystem::path& path) {
  constexpr std::size_t kConfigBytesMax = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  std::string text(kConfigBytesMax + 1, '\0');
  if (std::filesystem::is_directory(path) || !file) {
    return fail(ErrorCode::not_found,
                fmt::format("the configuration file {} cannot be read; name another with --config "
                            "or {}",
                            path.string(), kConfigFileVariable));
  }
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kConfigBytesMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the configuration file {} has more than {}", path.string(),
                            bytes_text(kConfigBytesMax)));
  }
  return text;
}

void apply_environment(const ConfigSources& sources, LoadedConfig& config,
                       std::vector<std::string>& problems) {
  std::vector<std::string> known{std::string(kConfigFileVariable)};
  for (const Setting& setting : settings()) known.push_back(setting.environment());
  for (const auto& [name, value] : sources.environment) {
    if (!name.starts_with(kEnvironmentPrefix) || name == kConfigFileVariable) continue;
    if (name == kApiKeyVariable || name == kApiKeyFileVariable) continue;
    const auto at = std::ranges::find(settings(), name, &Setting::environment);
    if (at == settings().end()) {
      problems.push_back(fmt::format("the environment variable {} is no setting; {}", name,
                                     did_you_mean(name, known)));
      continue;
    }
    set_value(*at, value, name, "environment", config, problems);
  }
}

std::optional<std::filesystem::path> config_file(const ConfigSources& sources) {
  if (sources.file) return sources.file;
  for (const auto& [name, value] : sources.environment) {
    if (name == kConfigFileVariable && !value.empty()) return value;
  }
  return std::nullopt;
}

}  // namespace

bool LoadedConfig::is_set(std::string_view setting) const {
  const auto origin = origins.find(std::string(setting));
  return origin != origins.end() && origin->second != kDefaultOrigin;
}

void apply_toml(std::string_view text, const std::string& origin, LoadedConfig& config,
                std::vector<std::string>& problems) {
  toml::table table;
  try {
    table = toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    problems.push_back(fmt::format("{}, line {}: {}", origin, error.source().begin.line,
                                   std::string_view(error.description())));
    return;
  }
  std::vector<std::string> known;
  for (const Setting& setting : settings()) known.emplace_back(setting.name);
  for (const auto& [key, node] : table) {
    const std::string where =
        fmt::format("{}, line {}: {}", origin, node.source().begin.line, key.str());
    const Setting* const setting = find_setting(key.str());
    if (setting == nullptr) {
      problems.push_back(
          fmt::format("{} is no setting; {}", where, did_you_mean(key.str(), known)));
      continue;
    }
    const auto value = toml_text(node);
    if (!value) {
      problems.push_back(
          fmt::format("{} has a value of the wrong type; expected {}, for example "
                      "{} = {}",
                      where, setting->expects, setting->name,
                      setting->quoted ? quote(setting->get(Config{})) : setting->get(Config{})));
      continue;
    }
    set_value(*setting, *value, where, origin, config, problems);
  }
}

std::expected<LoadedConfig, std::vector<std::string>> load_config(const ConfigSources& sources) {
  LoadedConfig config;
  std::vector<std::string> problems;
  for (const Setting& setting : settings())
    config.origins[std::string(setting.name)] = kDefaultOrigin;
  config.file = config_file(sources);
  if (config.file) {
    const Result<std::string> text = read_file(*config.file);
    if (text) {
      apply_toml(*text, config.file->string(), config, problems);
    } else {
      problems.push_back(text.error().message);
    }
  }
  apply_environment(sources, config, problems);
  for (const auto& [name, value] : sources.flags) {
    const Setting* const setting = find_setting(name);
    if (setting != nullptr) {
      set_value(*setting, value, setting->flag(), "flag", config, problems);
    }
  }
  check_together(config, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return config;
}

}  // namespace konomi::config
