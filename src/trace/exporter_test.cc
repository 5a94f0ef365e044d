#include "trace/exporter.h"

#include "base/log.h"
#include "base/mutex.h"
#include "http/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace konomi::trace {
namespace {

using testing::HasSubstr;

// A collector that keeps what it is sent; or holds its answers back.
class Collector {
 public:
  Collector() {
    http::Router router;
    router.add(http::Method::post, "/v1/traces", [this](const http::Request& request) {
      const MutexLock lock(mutex_);
      bodies_.emplace_back(request.body);
      changed_.notify_all();
      while (held_) changed_.wait(mutex_);
      return http::Response{.body = "{}"};
    });
    http::ServerOptions options;
    options.port = 0;
    server_ = std::make_unique<http::Server>(options, std::move(router));
    EXPECT_TRUE(server_->start());
  }
  ~Collector() { hold(false); }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  void hold(bool held) {
    const MutexLock lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  std::string wait_for_body() {
    const MutexLock lock(mutex_);
    while (bodies_.empty()) changed_.wait(mutex_);
    return bodies_.front();
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  bool held_ KONOMI_GUARDED_BY(mutex_) = false;
  std::vector<std::string> bodies_ KONOMI_GUARDED_BY(mutex_);
  std::unique_ptr<http::Server> server_;
};

ExportSettings settings_for(const std::string& url) {
  ExportSettings settings;
  settings.server = url;
  settings.resource = {{"service.name", "konomi"}};
  settings.batch_max = 1;
  settings.timeout = std::chrono::seconds(20);
  return settings;
}

TEST(Exporter, SendsSpansAsOtlp) {
  Collector collector;
  Metrics metrics;
  auto exporter = Exporter::open(settings_for(collector.url()), metrics).value();
  Tracer tracer(*exporter, {}, 1);
  Span span = tracer.begin("POST \"/x\"", SpanKind::server,
                           parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-"
                                             "b7ad6b7169203331-01"));
  span.set("http.response.status_code", 202);
  span.link(*span.context());
  span.fail("why");
  span.end();
  const std::string body = collector.wait_for_body();
  EXPECT_THAT(body, HasSubstr(R"({"key":"service.name","value":{"stringValue":"konomi"}})"));
  EXPECT_THAT(body, HasSubstr(R"("traceId":"0af7651916cd43dd8448eb211c80319c")"));
  EXPECT_THAT(body,
              HasSubstr(R"("parentSpanId":"b7ad6b7169203331","name":"POST \"/x\"","kind":2)"));
  EXPECT_THAT(body, HasSubstr(R"("value":{"intValue":"202"})"));
  EXPECT_THAT(body, HasSubstr(R"("status":{"code":2,"message":"why"})"));
  exporter->stop();
  EXPECT_THAT(metrics.exposition(), HasSubstr("konomi_trace_spans_exported_total 1\n"));
}

TEST(Exporter, DropsAndCountsWhatDoesNotFitWhileTheCollectorIsSlow) {
  Collector collector;
  collector.hold(true);
  Metrics metrics;
  ExportSettings settings = settings_for(collector.url());
  settings.queue_max = 10;
  auto exporter = Exporter::open(settings, metrics).value();
  Tracer tracer(*exporter, {}, 1);
  tracer.begin("first", SpanKind::internal, std::nullopt).end();
  collector.wait_for_body();
  for (int i = 0; i < 25; ++i) tracer.begin("more", SpanKind::internal, std::nullopt).end();
  EXPECT_THAT(metrics.exposition(),
              HasSubstr("konomi_trace_spans_dropped_total{reason=\"queue_full\"} 15\n"));
  collector.hold(false);
  exporter->stop();
  EXPECT_THAT(metrics.exposition(), HasSubstr("konomi_trace_spans_exported_total 11\n"));
}

TEST(Exporter, EndsWithoutACollectorAndCountsWhatItLost) {
  testing::internal::CaptureStderr();
  configure_log(LogLevel::warning, LogFormat::text);
  Metrics metrics;
  auto exporter = Exporter::open(settings_for("http://127.0.0.1:1"), metrics).value();
  Tracer tracer(*exporter, {}, 1);
  for (int i = 0; i < 3; ++i) tracer.begin("lost", SpanKind::internal, std::nullopt).end();
  exporter->stop();
  EXPECT_THAT(metrics.exposition(),
              HasSubstr("konomi_trace_spans_dropped_total{reason=\"not_sent\"} 3\n"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("traces: spans are dropped: nothing answers at http://127.0.0.1:1 "
                        "(connection refused); check OTEL_EXPORTER_OTLP_ENDPOINT"));
}

}  // namespace
}  // namespace konomi::trace
