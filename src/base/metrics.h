#pragma once

#include "base/mutex.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace konomi {

// Values that are asked for when the metrics are scraped, by name and labels.
class Samples {
 public:
  using Labels = std::map<std::string, std::string>;

  // A value that may fall again, and one that only grows.
  void gauge(const std::string& name, const std::string& help, double value,
             const Labels& labels = {});
  void counter(const std::string& name, const std::string& help, double value,
               const Labels& labels = {});

  std::vector<prometheus::MetricFamily> take() &&;

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help,
                                prometheus::MetricType type, const Labels& labels);

  std::map<std::string, prometheus::MetricFamily> families_;
};

// The process's metrics. Names follow Prometheus' conventions: konomi_<room>_<what>_<unit>[_total],
// base units, never a user id. `process` makes one instance and passes it by reference to every
// room that counts. Safe from every thread; counters are atomics.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;
  using Buckets = prometheus::Histogram::BucketBoundaries;  // Upper bounds, ascending.
  // Adds its samples without waiting: a source that would have to ask a server adds what it last
  // heard. Called on any thread, one call at a time.
  using Source = std::function<void(Samples&)>;

  // The same name and labels give the same counter. The reference lives as long as this object.
  prometheus::Counter& counter(const std::string& name, const std::string& help,
                               const Labels& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                           const Labels& labels = {});
  // All histograms of a name have the same buckets.
  prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                   const Buckets& buckets, const Labels& labels = {});

  // `source` is called with every exposition; what it refers to outlives the last of them. No
  // other metric may have one of its names.
  void collect_from(Source source) KONOMI_EXCLUDES(mutex_);

  // Everything, in Prometheus' text exposition format 0.0.4.
  std::string exposition() const KONOMI_EXCLUDES(mutex_);

 private:
  prometheus::Registry registry_;

  mutable Mutex mutex_;
  std::vector<Source> sources_ KONOMI_GUARDED_BY(mutex_);
};

// Bounds in seconds for how long a request, an append or a write takes: 0.5 ms to 10 s.
const Metrics::Buckets& latency_buckets();

}  // namespace konomi
