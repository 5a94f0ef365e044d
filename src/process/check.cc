#include "process/check.h"

#include <fmt/format.h>

namespace konomi::process {

Result<void> all_ok(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    if (!check.outcome)
      return fail(ErrorCode::unavailable,
                  fmt::format("{}: {}", check.name, check.outcome.error().message));
  }
  return {};
}

}  // namespace konomi::process
