#include "adapters/kafka/log_lines.h"

#include <utility>

namespace konomi::kafka {
namespace {

constexpr std::chrono::minutes kQuiet{1};

// The levels of syslog, as librdkafka uses them.
constexpr int kSyslogError = 3;
constexpr int kSyslogWarning = 4;
constexpr int kSyslogInfo = 6;

LogLevel level_of(int syslog_level) {
  if (syslog_level <= kSyslogError) return LogLevel::error;
  if (syslog_level == kSyslogWarning) return LogLevel::warning;
  return syslog_level <= kSyslogInfo ? LogLevel::info : LogLevel::debug;
}

}  // namespace

LogLines::LogLines(std::string client, Write write)
    : client_(std::move(client)), write_(std::move(write)) {}

void LogLines::add(int level, std::string_view kind, std::string_view text,
                   std::chrono::steady_clock::time_point now) {
  const LogLevel as = level_of(level);
  std::uint64_t held_back = 0;
  if (as != LogLevel::debug) {
    const MutexLock lock(mutex_);
    Kind& known = kinds_.try_emplace(std::string(kind)).first->second;
    if (now < known.quiet_until) {
      ++known.held_back;
      return;
    }
    known.quiet_until = now + kQuiet;
    held_back = std::exchange(known.held_back, 0);
  }
  std::string line = fmt::format("kafka: {}: {}: {}", client_, kind, text);
  if (held_back > 0) line += fmt::format(" (and {} lines like it before)", held_back);
  write_(as, line);
}

void LogLines::write_to_log(LogLevel level, const std::string& line) {
  write_log(level, "{}", fmt::make_format_args(line));
}

}  // namespace konomi::kafka
