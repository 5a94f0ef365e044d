#include "process/process_handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::process {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The handlers of a process whose checks the test sets.
class Probes {
 public:
  Probes() { handlers_.register_routes(router_); }

  http::Response answer(http::Method method, std::string_view target) {
    http::Request request{.method = method};
    if (const auto parsed = http::set_target(request, target); !parsed)
      return rest::error_response(rest::ErrorShape::problem, parsed.error());
    http::Router::Match match = router_.table().match(request);
    if (match.route == nullptr) return std::move(match.response);
    http::Response response;
    if (match.route->blocking) return match.route->blocking(request);
    match.route->async(request, [&](http::Response given) { response = std::move(given); });
    return response;
  }
  http::Response get(std::string_view target) { return answer(http::Method::get, target); }
  std::string body_of(std::string_view target) { return get(target).body; }

  Metrics metrics;
  std::vector<Check> checks;  // None: ready.

 private:
  ProcessHandlers handlers_{metrics, [this] { return checks; }, "{\"openapi\":\"3.1.0\"}"};
  rest::Router router_;
};

std::vector<Check> checks_with_a_closed_log() {
  return {{.name = "log", .outcome = fail(ErrorCode::unavailable, "it is being opened")},
          {.name = "stores", .outcome = {}}};
}

TEST(Livez, IsOk) {
  Probes probes;
  probes.checks = checks_with_a_closed_log();
  const http::Response response = probes.get("/livez");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.content_type, StartsWith("text/plain"));
  EXPECT_EQ(response.body, "ok\n");
}

TEST(Readyz, GivesTheReasonUntilItIsReady) {
  Probes probes;
  probes.checks = checks_with_a_closed_log();
  const http::Response response = probes.get("/readyz");
  EXPECT_EQ(response.status, 503U);
  EXPECT_THAT(response.content_type, StartsWith("text/plain"));
  EXPECT_EQ(response.body, "log: it is being opened\n");

  probes.checks[0].outcome = {};
  EXPECT_EQ(probes.get("/readyz").status, 200U);
  EXPECT_EQ(probes.body_of("/readyz"), "ok\n");
}

TEST(Readyz, TellsEveryCheckWhenAsked) {
  Probes probes;
  probes.checks = checks_with_a_closed_log();
  http::Response response = probes.get("/readyz?verbose");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.body,
            "[-]log failed: it is being opened\n[+]stores ok\nreadyz check failed\n");

  probes.checks[0].outcome = {};
  response = probes.get("/readyz?verbose");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body, "[+]log ok\n[+]stores ok\nreadyz check passed\n");
}

TEST(Startupz, IsOkFromTheFirstTimeThatAllIs) {
  Probes probes;
  probes.checks = checks_with_a_closed_log();
  EXPECT_EQ(probes.get("/startupz").status, 503U);
  EXPECT_EQ(probes.body_of("/startupz"), "log: it is being opened\n");
  probes.checks[0].outcome = {};
  EXPECT_EQ(probes.get("/startupz").status, 200U);
  probes.checks = checks_with_a_closed_log();
  EXPECT_EQ(probes.get("/startupz").status, 200U);
}

TEST(MetricsPage, ShowsEveryCounter) {
  Probes probes;
  probes.metrics.counter("konomi_test_orders_total", "Orders.", {{"state", "a"}}).Increment();
  const http::Response response = probes.get("/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("konomi_test_orders_total{state=\"a\"} 1\n"));
}

TEST(Probes, AnswerHeadAsGet) {
  Probes probes;
  for (const std::string path : {"/livez", "/readyz", "/startupz", "/openapi.json"}) {
    const http::Response head = probes.answer(http::Method::head, path);
    const http::Response get = probes.get(path);
    EXPECT_EQ(head.status, 200U) << path;
    EXPECT_EQ(head.headers, get.headers) << path;
    EXPECT_EQ(head.body, get.body) << path << ": a short answer needs no stream";
    EXPECT_FALSE(static_cast<bool>(head.stream)) << path;
  }
}

TEST(Openapi, IsTheTextGiven) {
  Probes probes;
  const http::Response response = probes.get("/openapi.json");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, "{\"openapi\":\"3.1.0\"}");
}

}  // namespace
}  // namespace konomi::process
