#include "trace/settings.h"

#include <gmock/gmock.h>

#include <map>

namespace konomi::trace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Result<std::optional<ExportSettings>> read(std::map<std::string, std::string, std::less<>> set) {
  return read_settings([&](std::string_view name) -> std::optional<std::string> {
    const auto found = set.find(name);
    if (found == set.end()) return std::nullopt;
    return found->second;
  });
}

std::string problem(std::map<std::string, std::string, std::less<>> set) {
  const auto settings = read(std::move(set));
  return settings ? "none" : settings.error().message;
}

TEST(TraceSettings, AreOffUnlessAskedFor) {
  EXPECT_FALSE(read({}).value());
  EXPECT_FALSE(read({{"OTEL_SERVICE_NAME", "x"}}).value());
  EXPECT_FALSE(
      read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}, {"OTEL_TRACES_EXPORTER", "none"}})
          .value());
  EXPECT_FALSE(read({{"OTEL_TRACES_EXPORTER", "otlp"}, {"OTEL_SDK_DISABLED", "true"}}).value());
}

TEST(TraceSettings, HaveTheStandardDefaults) {
  const auto settings = read({{"OTEL_TRACES_EXPORTER", "otlp"}}).value();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->server, "http://localhost:4318");
  EXPECT_EQ(settings->path, "/v1/traces");
  EXPECT_THAT(settings->resource, ElementsAre(Pair("service.name", "konomi")));
  EXPECT_EQ(settings->queue_max, 2'048U);
  EXPECT_EQ(settings->batch_max, 512U);
  EXPECT_EQ(settings->schedule_delay, std::chrono::seconds(5));
  EXPECT_EQ(settings->sampling.ratio, 1);
}

TEST(TraceSettings, AreReadFromTheirVariables) {
  const auto settings =
      read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base/"},
            {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc, x=1, y=%20%zz%"},
            {"OTEL_EXPORTER_OTLP_TIMEOUT", "250"},
            {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
            {"OTEL_SERVICE_NAME", "konomi-ingest"},
            {"OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment=prod"},
            {"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
            {"OTEL_TRACES_SAMPLER_ARG", "0.1"},
            {"OTEL_BSP_MAX_QUEUE_SIZE", "100"}})
          .value();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->server, "http://collector:4318");
  EXPECT_EQ(settings->path, "/base/v1/traces");
  EXPECT_THAT(settings->headers,
              ElementsAre(Pair("authorization", "Bearer abc"), Pair("x", "1"), Pair("y", " %zz%")));
  EXPECT_EQ(settings->timeout, std::chrono::milliseconds(250));
  EXPECT_THAT(settings->resource, ElementsAre(Pair("service.name", "konomi-ingest"),
                                              Pair("deployment.environment", "prod")));
  EXPECT_EQ(settings->sampling.ratio, 0.1);
  EXPECT_TRUE(settings->sampling.parent_based);
  EXPECT_EQ(settings->batch_max, 100U) << "not more than the queue holds";
}

TEST(TraceSettings, AnEndpointForTracesIsTakenAsItIs) {
  const auto settings = read({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:9/in"}}).value();
  EXPECT_EQ(settings->server, "http://c:9");
  EXPECT_EQ(settings->path, "/in");
}

TEST(TraceSettings, SayWhatIsWrong) {
  EXPECT_THAT(problem({{"OTEL_TRACES_EXPORTER", "zipkin"}}),
              HasSubstr("OTEL_TRACES_EXPORTER is \"zipkin\"; expected otlp or none"));
  const std::pair<const std::string, std::string> on{"OTEL_TRACES_EXPORTER", "otlp"};
  EXPECT_THAT(problem({on, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}), HasSubstr("http/json"));
  EXPECT_THAT(problem({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c"}}), HasSubstr("http://host"));
  EXPECT_THAT(problem({on, {"OTEL_TRACES_SAMPLER", "some"}}), HasSubstr("traceidratio"));
  EXPECT_THAT(
      problem({on, {"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "2"}}),
      HasSubstr("from 0 to 1"));
  EXPECT_THAT(problem({on, {"OTEL_BSP_SCHEDULE_DELAY", "soon"}}), HasSubstr("whole number"));
  const std::string secret = problem({on, {"OTEL_EXPORTER_OTLP_HEADERS", "s3cret"}});
  EXPECT_THAT(secret, HasSubstr("key=value"));
  EXPECT_THAT(secret, testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace konomi::trace
