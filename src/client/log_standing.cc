#include "client/log_standing.h"

#include "domain/text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace konomi::client {
namespace {

constexpr std::chrono::milliseconds kFirstWait{50};
constexpr std::chrono::milliseconds kWaitMax{500};

}  // namespace

Result<LogStanding> log_standing(Server& server) {
  KONOMI_TRY(const Answer answer, server.get("/api/v1/status"));
  if (answer.status == 503) {
    return fail(ErrorCode::unavailable, fmt::format("{} is busy (503)", server.name()));
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::element log;
  LogStanding out;
  if (answer.status != 200 || parser.parse(answer.body).get(root) || root["log"].get(log) ||
      log["end"].get(out.end) || log["stored_up_to"].get(out.stored_up_to) ||
      log["counted_up_to"].get(out.counted_up_to)) {
    return fail(ErrorCode::internal,
                fmt::format("{} answered {} with {} when asked for its status; is this a konomi?",
                            server.name(), answer.status, quote(answer.body)));
  }
  return out;
}

Result<void> wait_until_counted(
    Server& server, std::chrono::milliseconds timeout, const Pause& pause,
    const std::function<void(const LogStanding&, std::uint64_t end)>& progress) {
  std::chrono::milliseconds waited{0};
  std::chrono::milliseconds wait = kFirstWait;
  std::optional<std::uint64_t> end;
  while (true) {
    const Result<LogStanding> now = log_standing(server);
    if (!now && now.error().code != ErrorCode::unavailable &&
        now.error().code != ErrorCode::timed_out) {
      return std::unexpected(now.error());
    }
    if (now) {
      if (!end) end = now->end;
      progress(*now, *end);
      if (now->stored_up_to >= *end && now->counted_up_to >= *end) return {};
    }
    if (waited >= timeout) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(waited).count();
      return fail(ErrorCode::timed_out,
                  now ? fmt::format("after {} s {} of {} orders are stored and {} counted; the "
                                    "orders are safe, and counting goes on",
                                    seconds, now->stored_up_to, *end, now->counted_up_to)
                      : fmt::format("after {} s: {}", seconds, now.error().message));
    }
    if (!pause(wait)) return fail(ErrorCode::cancelled, "stopped while waiting for the counts");
    waited += wait;
    wait = std::min(wait * 2, kWaitMax);
  }
}

}  // namespace konomi::client
