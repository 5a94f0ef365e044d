#include "process/process_metrics.h"

#include "base/clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace konomi::process {
namespace {

std::map<std::string, double> process_values() {
  Samples samples;
  collect_process(samples);
  std::map<std::string, double> values;
  for (const auto& family : std::move(samples).take()) {
    const auto& metric = family.metric.front();
    values[family.name] =
        family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
  }
  return values;
}

TEST(ProcessMetrics, MoveWithTheProcess) {
  auto before = process_values();
  std::vector<std::ifstream> files;
  for (int i = 0; i < 5; ++i) files.emplace_back("/proc/self/stat");
  const std::vector<char> memory(std::size_t{64} << 20, 'x');
  volatile std::uint64_t sum = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(60);
  while (std::chrono::steady_clock::now() < until) sum = sum + 1;
  auto after = process_values();
  EXPECT_EQ(after["process_open_fds"], before["process_open_fds"] + 5);
  EXPECT_GT(after["process_cpu_seconds_total"], before["process_cpu_seconds_total"]);
  EXPECT_GT(after["process_resident_memory_bytes"],
            before["process_resident_memory_bytes"] + (32 << 20));
  const double now = std::chrono::duration<double>(SystemClock().now().time_since_epoch()).count();
  EXPECT_NEAR(after["process_start_time_seconds"], now, 600);
  EXPECT_GE(after["process_max_fds"], after["process_open_fds"]);
}

TEST(DiskMetrics, AreThoseOfTheDirectory) {
  Samples samples;
  collect_disk(samples, ".");
  const auto families = std::move(samples).take();
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].name, "konomi_data_disk_free_bytes");
  EXPECT_GT(families[1].metric[0].gauge.value, families[0].metric[0].gauge.value);
}

}  // namespace
}  // namespace konomi::process
