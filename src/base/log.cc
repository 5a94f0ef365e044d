#include "base/log.h"

#include "base/json.h"

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
  logger->flush_on(spdlog::level::info);
  return logger;
}

struct Log {
  std::shared_ptr<spdlog::logger> logger = make_logger();
  bool json = false;
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
  log.logger->set_level(level_of(level));
  log.json = format == LogFormat::json;
  if (log.json) {
    log.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})",
                            spdlog::pattern_time_type::utc);
  }
}

void write_log(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
  Log& log = process_log();
  if (!log.logger->should_log(level_of(level))) return;
  std::string line = fmt::vformat(format, arguments);
  if (log.json) {
    std::string escaped;
    append_json_escaped(escaped, line);
    line = std::move(escaped);
  }
  log.logger->log(level_of(level), spdlog::string_view_t(line));
}

}  // namespace konomi
