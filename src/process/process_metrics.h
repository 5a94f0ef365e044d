#pragma once

#include "base/metrics.h"

#include <filesystem>

namespace konomi::process {

// What the operating system says of this process, by the names that Prometheus' client libraries
// use. What /proc does not tell is left out.
void collect_process(Samples& samples);

// The file system that holds `directory`.
void collect_disk(Samples& samples, const std::filesystem::path& directory);

}  // namespace konomi::process
