#pragma once

#include "base/result.h"
#include "config/config.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace konomi::config {

// One row of the table from which flags, environment variables, the TOML file and `config print`
// come.
struct Setting {
  std::string_view name;     // Also the TOML key: "data_dir".
  std::string_view expects;  // What a value looks like: "DURATION".
  std::string_view help;
  bool serve_only;  // Means nothing to the commands that work on data by themselves.
  std::function<Result<void>(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> get;  // In a form that `set` reads again.
  bool quoted = true;                             // In TOML and JSON a string, else a bare number.

  std::string flag() const;         // "--data-dir"
  std::string environment() const;  // "KONOMI_DATA_DIR"
};

// The whole table, in the order in which it is printed.
std::span<const Setting> settings();

// Null when the setting does not exist.
const Setting* find_setting(std::string_view name);

}  // namespace konomi::config
