#pragma once

#include "base/result.h"

#include <fmt/format.h>

#include <string_view>

namespace konomi {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

Result<LogLevel> parse_log_level(std::string_view name);
Result<LogFormat> parse_log_format(std::string_view name);

// Sends every later line to standard error in this form. Call it once, before threads start.
void configure_log(LogLevel level, LogFormat format);

void write_log(LogLevel level, fmt::string_view format, fmt::format_args arguments);

// One line each, no line breaks, no user ids and no payloads at info and above. Safe from every
// thread.
template <class... T>
void log_debug(fmt::format_string<T...> format, T&&... arguments) {
  write_log(LogLevel::debug, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_info(fmt::format_string<T...> format, T&&... arguments) {
  write_log(LogLevel::info, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_warning(fmt::format_string<T...> format, T&&... arguments) {
  write_log(LogLevel::warning, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_error(fmt::format_string<T...> format, T&&... arguments) {
  write_log(LogLevel::error, format, fmt::make_format_args(arguments...));
}

}  // namespace konomi
