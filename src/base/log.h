#pragma once

#include "base/mutex.h"
#include "base/result.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace konomi {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

Result<LogLevel> parse_log_level(std::string_view name);
Result<LogFormat> parse_log_format(std::string_view name);

// Sends every later line to standard error in this form. Call it once, before threads start.
void configure_log(LogLevel level, LogFormat format);

// Which lines are written when the same happens again and again: of each kind, told by its format
// string, the first kPerWindow in a window; the next one that is written says how many were not.
// Safe from every thread.
class RepeatedLines {
 public:
  static constexpr std::uint64_t kPerWindow = 20;
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr std::size_t kKindsMax = 1'024;  // More kinds than konomi has.

  // Nothing: leave the line out. Else how many like it were left out before it.
  std::optional<std::uint64_t> take(std::string_view format,
                                    std::chrono::steady_clock::time_point now)
      KONOMI_EXCLUDES(mutex_);

 private:
  struct Kind {
    std::chrono::steady_clock::time_point window_ends;
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
  };

  Mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_ KONOMI_GUARDED_BY(mutex_);
};

void write_log(LogLevel level, fmt::string_view format, fmt::format_args arguments);

// Written at any log level and never left out as a repetition: for lines that must be there when
// someone has to account for them, such as the audit log's.
void log_each(std::string_view line);

// One line each, no line breaks, no user ids and no payloads at info and above. A line that is
// written within a span names its trace. Lines like many before them are left out and counted, see
// RepeatedLines. Safe from every thread.
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
