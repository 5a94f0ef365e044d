#include "config/print.h"

#include "base/json.h"
#include "config/setting.h"
#include "wire/json_writer.h"

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
      // tidy: json-glue: a TOML basic string is written like a JSON one.
      append_json_string(shown, value);
    }
    fmt::format_to(std::back_inserter(out), "{:<48} # {}\n",
                   fmt::format("{} = {}", setting.name, shown),
                   config.origins.at(std::string(setting.name)));
  }
  return out;
}

std::string print_config_json(const LoadedConfig& config) {
  wire::JsonWriter json;
  json.begin_object().key("settings").begin_array();
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(config.values);
    json.begin_object();
    json.key("name").text(setting.name);
    json.key("value");
    setting.quoted ? json.text(value) : json.raw(value);
    json.key("source").text(config.origins.at(std::string(setting.name)));
    json.key("flag").text(setting.flag());
    json.key("environment").text(setting.environment());
    json.key("expects").text(setting.expects);
    json.key("help").text(setting.help);
    json.end_object();
  }
  return json.end_array().end_object().end_line().take();
}

}  // namespace konomi::config
