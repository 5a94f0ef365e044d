#pragma once

#include "base/result.h"

#include <string_view>
#include <vector>

namespace konomi::process {

// One thing that this process needs to serve, and whether it has it; else the reason, for /readyz.
struct Check {
  std::string_view name;  // "log", "stores", "consume", …: a literal.
  Result<void> outcome;
};

// The first check that failed, as "name: reason".
Result<void> all_ok(const std::vector<Check>& checks);

}  // namespace konomi::process
