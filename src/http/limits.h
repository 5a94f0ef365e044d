#pragma once

#include <chrono>
#include <cstddef>

namespace konomi::http {

// What bounds a server. Times are kept by a coarse sweep: they end up to an eighth later (at most a
// second).
struct ServerLimits {
  std::size_t header_bytes_max = 16 * 1024;           // Request line and headers; beyond: 431.
  std::size_t body_bytes_max = 8 * 1024 * 1024;       // As sent and after gunzip; beyond: 413.
  std::size_t open_body_bytes_max = 16 * 1024;        // Behind a gate, of what needs no key.
  std::size_t bodies_bytes_max = 512 * 1024 * 1024;   // All bodies in memory at once; beyond: 503.
  std::size_t connections_max = 10'000;               // Beyond: 503 and closed.
  std::size_t worker_threads = 4;                     // For blocking handlers and streamed bodies.
  std::size_t worker_queue_max = 256;                 // Requests waiting for them; beyond: 503.
  std::chrono::milliseconds idle_timeout{75'000};     // Between two requests.
  std::chrono::milliseconds request_timeout{30'000};  // From a request's first byte to its last.
  std::chrono::milliseconds write_timeout{60'000};    // For a reader to take the next 64 KiB.
  std::chrono::milliseconds stop_grace{10'000};       // For requests in flight when stopping.
};

}  // namespace konomi::http
