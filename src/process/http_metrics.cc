#include "process/http_metrics.h"

#include <chrono>
#include <utility>

namespace konomi::process {

HttpMetrics::HttpMetrics(Metrics& metrics)
    : metrics_(metrics),
      refused_(metrics.counter("konomi_http_connections_refused_total",
                               "Connections refused because there were http_connections_max")) {}

void HttpMetrics::request_done(const http::RequestSummary& summary) {
  const Key key{.route = summary.route,
                .method = summary.method,
                .status = summary.was_cut ? 0 : summary.status};
  Counted counted{};
  {
    const MutexLock lock(mutex_);
    const auto found = counted_.find(key);
    counted =
        found != counted_.end() ? found->second : counted_.emplace(key, make(key)).first->second;
  }
  counted.requests->Increment();
  counted.seconds->Observe(std::chrono::duration<double>(summary.duration).count());
}

void HttpMetrics::watch_connections(std::function<std::size_t()> count) {
  metrics_.collect_from([count = std::move(count)](Samples& samples) {
    samples.gauge("konomi_http_connections", "Open connections", static_cast<double>(count()));
  });
}

HttpMetrics::Counted HttpMetrics::make(const Key& key) {
  const std::string route(key.route);
  const std::string method(http::name_of(key.method));
  const std::string code = key.status == 0 ? "cut" : std::to_string(key.status);
  return {
      .requests = &metrics_.counter(
          "konomi_http_requests_total",
          "Requests answered, by the pattern of their route; code \"cut\": the client was gone "
          "before it had the answer",
          {{"route", route}, {"method", method}, {"code", code}}),
      .seconds = &metrics_.histogram("konomi_http_request_duration_seconds",
                                     "From a request's last byte until its answer was written",
                                     latency_buckets(), {{"route", route}, {"method", method}})};
}

}  // namespace konomi::process
