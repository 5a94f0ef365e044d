#pragma once

#include "base/log.h"
#include "base/mutex.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace konomi::kafka {

// What a librdkafka client says of itself, as lines of konomi's log. A broker that is away for an
// hour is reported thousands of times: of each kind of line one a minute is written, with how many
// there were. Safe from every thread.
class LogLines {
 public:
  using Write = std::function<void(LogLevel, const std::string&)>;

  // `client` begins each line; `write` is where lines go.
  explicit LogLines(std::string client, Write write = write_to_log);

  // `level` is syslog's; `kind` is librdkafka's name for lines of one sort: "FAIL".
  void add(int level, std::string_view kind, std::string_view text,
           std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  static void write_to_log(LogLevel level, const std::string& line);

 private:
  struct Kind {
    std::chrono::steady_clock::time_point quiet_until;
    std::uint64_t held_back = 0;
  };

  const std::string client_;
  const Write write_;

  Mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::kafka
