#pragma once

#include "base/metrics.h"
#include "base/mutex.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace konomi::kafka {

// What librdkafka's clients last said of themselves (its statistics.interval.ms), by what they are
// for. Safe from every thread.
class ClientStatistics {
 public:
  // `json` is librdkafka's; what is not as expected is left out.
  void take(const std::string& client, std::string_view json) KONOMI_EXCLUDES(mutex_);

  void collect(Samples& samples) const KONOMI_EXCLUDES(mutex_);

 private:
  struct Values {
    double queued = 0;
    double unsent = 0;
    double sent_bytes = 0;
    double transmission_errors = 0;
    double transmission_retries = 0;
    double request_timeouts = 0;
    double rebalances = 0;
    std::map<std::string, double> rtt_seconds;  // The 99th percentile, by broker.
  };

  mutable Mutex mutex_;
  std::map<std::string, Values> clients_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::kafka
