#include "config/kinds.h"
#include "config/topics.h"

namespace konomi::config {

std::vector<Setting> http_settings() {
  return {
      count_setting("http_threads", &Config::http_threads, 1, 64, "Threads that serve connections",
                    kServe),
      count_setting("http_workers", &Config::http_workers, 1, 256,
                    "Threads that read figures for answers", kServe),
      count_setting("http_connections_max", &Config::http_connections_max, 1, 1'000'000,
                    "Connections at a time", kServe),
      bytes_setting("http_body_bytes_max", &Config::http_body_bytes_max, 1024,
                    std::uint64_t{1} << 30, "The longest body, unpacked", kServe),
      duration_setting("http_idle_timeout", &Config::http_idle_timeout,
                       "When a connection without a request is closed", kServe),
      duration_setting("http_request_timeout", &Config::http_request_timeout,
                       "How long a request may take to arrive", kServe),
  };
}

}  // namespace konomi::config
