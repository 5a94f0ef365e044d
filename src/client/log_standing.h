#pragma once

#include "base/result.h"
#include "client/server.h"

#include <chrono>
#include <cstdint>
#include <functional>

namespace konomi::client {

// Waits this long; false when the program is stopping. Passed in, so that tests need not wait.
using Pause = std::function<bool(std::chrono::milliseconds)>;

// How far a konomi's log has been stored and counted (GET /api/v1/status).
struct LogStanding {
  std::uint64_t end = 0;
  std::uint64_t stored_up_to = 0;
  std::uint64_t counted_up_to = 0;
};

// `unavailable` when it does not answer, `internal` for an answer that konomi does not give.
Result<LogStanding> log_standing(Server& server);

// Waits until everything that is in the log now is stored and counted. `progress` hears how far it
// is. Errors: `timed_out`, `cancelled`, and those of log_standing() when they last.
Result<void> wait_until_counted(
    Server& server, std::chrono::milliseconds timeout, const Pause& pause,
    const std::function<void(const LogStanding&, std::uint64_t end)>& progress);

}  // namespace konomi::client
