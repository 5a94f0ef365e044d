#include "base/metrics.h"

#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>

namespace konomi {

void Samples::gauge(const std::string& name, const std::string& help, double value,
                    const Labels& labels) {
  add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void Samples::counter(const std::string& name, const std::string& help, double value,
                      const Labels& labels) {
  add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

prometheus::ClientMetric& Samples::add(const std::string& name, const std::string& help,
                                       prometheus::MetricType type, const Labels& labels) {
  prometheus::MetricFamily& family = families_[name];
  family.name = name;
  family.help = help;
  family.type = type;
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [label, value] : labels) {
    metric.label.emplace_back();
    metric.label.back().name = label;
    metric.label.back().value = value;
  }
  return metric;
}

std::vector<prometheus::MetricFamily> Samples::take() && {
  std::vector<prometheus::MetricFamily> families;
  for (auto& [name, family] : families_) families.push_back(std::move(family));
  return families;
}

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help,
                                      const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help,
                                  const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                                          const Buckets& buckets, const Labels& labels) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels,
                                                                                    buckets);
}

void Metrics::collect_from(Source source) {
  const MutexLock lock(mutex_);
  sources_.push_back(std::move(source));
}

std::string Metrics::exposition() const {
  Samples samples;
  {
    const MutexLock lock(mutex_);
    for (const Source& source : sources_) source(samples);
  }
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  std::vector<prometheus::MetricFamily> collected = std::move(samples).take();
  std::move(collected.begin(), collected.end(), std::back_inserter(families));
  return prometheus::TextSerializer().Serialize(families);
}

const Metrics::Buckets& latency_buckets() {
  static const Metrics::Buckets kBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                            0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  return kBuckets;
}

}  // namespace konomi
