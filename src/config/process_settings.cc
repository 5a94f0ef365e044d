#include "base/log.h"
#include "config/kinds.h"
#include "config/topics.h"

namespace konomi::config {
namespace {

std::string_view level_text(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

std::string_view format_text(LogFormat format) {
  return format == LogFormat::json ? "json" : "text";
}

}  // namespace

std::vector<Setting> process_settings() {
  return {
      duration_setting("shutdown_delay", &Config::shutdown_delay,
                       "How long a stopping process still serves, not ready any more, so that load "
                       "balancers see it",
                       kServe),
      duration_setting("shutdown_timeout", &Config::shutdown_timeout,
                       "How long a stopping process waits for its requests", kServe),
      duration_setting("role_silence_max", &Config::role_silence_max,
                       "A role without a step for so long hangs: konomi is not ready, and "
                       "systemd's watchdog restarts it",
                       kServe),
      parsed_setting("log_level", &Config::log_level, "LEVEL", "debug, info, warning or error",
                     kEveryCommand, parse_log_level, level_text),
      parsed_setting("log_format", &Config::log_format, "text|json",
                     "How the log on standard error is written", kEveryCommand, parse_log_format,
                     format_text),
  };
}

}  // namespace konomi::config
