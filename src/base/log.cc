#include "base/log.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/trace.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>

namespace konomi {
namespace {

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger =
      std::make_shared<spdlog::logger>("konomi", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::debug);  // Log::level decides.
  logger->flush_on(spdlog::level::info);
  return logger;
}

struct Log {
  std::shared_ptr<spdlog::logger> logger = make_logger();
  LogLevel level = LogLevel::info;
  bool json = false;
  RepeatedLines repeated;
};

// The process has one standard error, so it has one log.
Log& process_log() {
  static Log log;
  return log;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Adds the trace that the calling thread works in.
void put_line(LogLevel level, std::string line) {
  Log& log = process_log();
  const std::optional<TraceContext>& trace = current_trace();
  if (log.json) {
    std::string members = R"("message":")";
    append_json_escaped(members, line);
    members += '"';
    if (trace) {
      members += fmt::format(R"(,"trace_id":"{}","span_id":"{}")", to_hex(trace->trace_id),
                             to_hex(trace->span_id));
    }
    line = std::move(members);
  } else if (trace) {
    line += fmt::format(" trace_id={} span_id={}", to_hex(trace->trace_id), to_hex(trace->span_id));
  }
  log.logger->log(level_of(level), spdlog::string_view_t(line));
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "info") return LogLevel::info;
  if (name == "warning") return LogLevel::warning;
  if (name == "error") return LogLevel::error;
  return fail(ErrorCode::invalid_argument,
              fmt::format("log level is \"{}\"; expected debug, info, warning or error", name));
}

Result<LogFormat> parse_log_format(std::string_view name) {
  if (name == "text") return LogFormat::text;
  if (name == "json") return LogFormat::json;
  return fail(ErrorCode::invalid_argument,
              fmt::format("log format is \"{}\"; expected text or json", name));
}

void configure_log(LogLevel level, LogFormat format) {
  Log& log = process_log();
  log.level = level;
  log.json = format == LogFormat::json;
  if (log.json) {
    log.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                            spdlog::pattern_time_type::utc);
  }
}

std::optional<std::uint64_t> RepeatedLines::take(std::string_view format,
                                                 std::chrono::steady_clock::time_point now) {
  const MutexLock lock(mutex_);
  auto found = kinds_.find(format);
  if (found == kinds_.end()) {
    if (kinds_.size() >= kKindsMax) return 0;
    found = kinds_.emplace(std::string(format), Kind{}).first;
  }
  Kind& kind = found->second;
  if (now >= kind.window_ends) {
    kind.window_ends = now + kWindow;
    kind.written = 0;
  }
  if (kind.written == kPerWindow) {
    ++kind.left_out;
    return std::nullopt;
  }
  ++kind.written;
  return std::exchange(kind.left_out, 0);
}

void write_log(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
  Log& log = process_log();
  if (level < log.level) return;
  const auto left_out = log.repeated.take(std::string_view(format.data(), format.size()),
                                          std::chrono::steady_clock::now());
  if (!left_out) return;
  std::string line = fmt::vformat(format, arguments);
  if (*left_out > 0) line += fmt::format(" ({} lines like it were left out)", *left_out);
  put_line(level, std::move(line));
}

void log_each(std::string_view line) {
  put_line(LogLevel::info, std::string(line));
}

}  // namespace konomi
