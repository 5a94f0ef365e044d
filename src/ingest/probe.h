#pragma once

#include "base/metrics.h"

#include <chrono>
#include <cstddef>
#include <string>

namespace konomi::ingest {

// What ingest tells the metrics, as verbs: only these classes know the library that counts. Every
// member is safe from every thread. The metrics outlive the probes.

// How one endpoint's requests ended.
class RequestProbe {
 public:
  RequestProbe(Metrics& metrics, const std::string& endpoint);

  void answered(unsigned status);

 private:
  prometheus::Counter& accepted_;
  prometheus::Counter& rejected_;
  prometheus::Counter& refused_;
};

// What became of the orders.
class OrderProbe {
 public:
  explicit OrderProbe(Metrics& metrics);

  void accepted(std::size_t orders);  // The log has them.
  void rejected(std::size_t orders);  // They are broken.
  void refused(std::size_t orders);   // They are whole, but the log could not take them.

  // They are given to the log; then it has answered, whatever the answer is.
  void append_began(std::size_t orders);
  void append_ended(std::size_t orders, std::chrono::duration<double> took);

 private:
  prometheus::Counter& accepted_;
  prometheus::Counter& rejected_;
  prometheus::Counter& refused_;
  prometheus::Gauge& in_flight_;
  prometheus::Histogram& append_seconds_;
};

class MenuTypeProbe {
 public:
  explicit MenuTypeProbe(Metrics& metrics);

  void refresh_failed();

 private:
  prometheus::Counter& refreshes_failed_;
};

}  // namespace konomi::ingest
