#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>

namespace konomi {

// The process's metrics. Names follow Prometheus' conventions: konomi_<room>_<what>_<unit>[_total],
// base units, never a user id. One instance is made in app/ and handed by reference to whoever
// counts. Safe from every thread; counters are atomics.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  // The same name and labels give the same counter. The reference lives as long as this object.
  prometheus::Counter& counter(const std::string& name, const std::string& help,
                               const Labels& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                           const Labels& labels = {});

  // Everything, in Prometheus' text exposition format 0.0.4.
  std::string exposition() const;

 private:
  prometheus::Registry registry_;
};

}  // namespace konomi
