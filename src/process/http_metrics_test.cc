#include "process/http_metrics.h"

#include <gmock/gmock.h>

namespace konomi::process {
namespace {

using testing::HasSubstr;

TEST(HttpMetrics, CountsByRouteMethodAndCode) {
  Metrics metrics;
  HttpMetrics http(metrics);
  const http::RequestSummary answered{.route = "/api/v1/days/{date}",
                                      .method = http::Method::get,
                                      .status = 200,
                                      .duration = std::chrono::milliseconds(3)};
  http.request_done(answered);
  http.request_done(answered);
  http.request_done({.route = http::kUnmatchedRoute, .method = http::Method::other, .status = 404});
  http.request_done({.route = http::kPageRoute, .status = 200, .was_cut = true});
  http.connection_refused();
  const std::string text = metrics.exposition();
  EXPECT_THAT(text, HasSubstr("konomi_http_requests_total{code=\"200\",method=\"GET\","
                              "route=\"/api/v1/days/{date}\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{code=\"404\",method=\"OTHER\",route=\"unmatched\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{code=\"cut\",method=\"GET\",route=\"page\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("konomi_http_request_duration_seconds_bucket{method=\"GET\","
                              "route=\"/api/v1/days/{date}\",le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("konomi_http_connections_refused_total 1\n"));
}

}  // namespace
}  // namespace konomi::process
