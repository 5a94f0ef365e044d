#include "base/metrics.h"

#include <gmock/gmock.h>

namespace konomi {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, AHistogramCountsWhatItObserves) {
  Metrics metrics;
  auto& histogram = metrics.histogram("konomi_test_seconds", "Help.", {0.1, 1});
  histogram.Observe(0.05);
  histogram.Observe(5);
  const std::string text = metrics.exposition();
  EXPECT_THAT(text, HasSubstr("# TYPE konomi_test_seconds histogram"));
  EXPECT_THAT(text, HasSubstr("konomi_test_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("konomi_test_seconds_count 2\n"));
}

TEST(Metrics, ASourceIsAskedWithEveryExposition) {
  Metrics metrics;
  double value = 1;
  metrics.collect_from([&](Samples& samples) {
    samples.gauge("konomi_test_bytes", "Help.", value, {{"part", "a"}});
    samples.gauge("konomi_test_bytes", "Help.", value * 2, {{"part", "b"}});
    samples.counter("konomi_test_total", "Help.", value);
  });
  EXPECT_THAT(metrics.exposition(), HasSubstr("konomi_test_bytes{part=\"a\"} 1\n"));
  value = 7;
  const std::string text = metrics.exposition();
  EXPECT_THAT(text, HasSubstr("konomi_test_bytes{part=\"b\"} 14\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE konomi_test_total counter\nkonomi_test_total 7\n"));
  EXPECT_THAT(text, Not(HasSubstr("konomi_test_bytes{part=\"a\"} 1\n")));
}

}  // namespace
}  // namespace konomi
