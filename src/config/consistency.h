// Private to config: what load_config() asks when every setting is read.
#pragma once

#include "config/load.h"

#include <string>
#include <vector>

namespace konomi::config {

// Adds to `problems` the settings that are right each by itself and wrong together.
void check_together(const LoadedConfig& config, std::vector<std::string>& problems);

}  // namespace konomi::config
