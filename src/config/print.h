#pragma once

#include "config/load.h"

#include <string>

namespace konomi::config {

// The effective values: TOML with each one's origin as a comment, or JSON.
std::string print_config_toml(const LoadedConfig& config);
std::string print_config_json(const LoadedConfig& config);

}  // namespace konomi::config
