#include "config/print.h"

#include "base/json.h"
#include "config/setting.h"

#include <fmt/format.h>

#include <iterator>

namespace konomi::config {

std::string print_config_toml(const LoadedConfig& config) {
  std::string out;
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(config.values);
    std::string shown = value;
    if (setting.quoted) {
      shown.clear();
      append_json_string(shown, value);  // A TOML basic string is written like a JSON one.
    }
    fmt::format_to(std::back_inserter(out), "{:<48} # {}\n",
                   fmt::format("{} = {}", setting.name, shown),
                   config.origins.at(std::string(setting.name)));
  }
  return out;
}

std::string print_config_json(const LoadedConfig& config) {
  std::string out = R"({"settings":[)";
  for (const Setting& setting : settings()) {
    if (!out.ends_with('[')) out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"name":"{}","value":)", setting.name);
    const std::string value = setting.get(config.values);
    if (setting.quoted) {
      append_json_string(out, value);
    } else {
      out += value;
    }
    out += R"(,"source":)";
    append_json_string(out, config.origins.at(std::string(setting.name)));
    fmt::format_to(std::back_inserter(out), R"(,"flag":"{}","environment":"{}","expects":)",
                   setting.flag(), setting.environment());
    append_json_string(out, setting.expects);
    out += R"(,"help":)";
    append_json_string(out, setting.help);
    out += '}';
  }
  out += "]}\n";
  return out;
}

}  // namespace konomi::config
