#include "base/metrics.h"

#include <prometheus/text_serializer.h>

namespace konomi {

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help,
                                      const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help,
                                  const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

std::string Metrics::exposition() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace konomi
