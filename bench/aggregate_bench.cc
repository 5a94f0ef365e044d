// How fast a day goes from the log to its figures on the embedded engine: appends the orders of one
// day, stores them, counts them, counts them again; prints seconds, rates and peak memory.
//
//   build/release/bench/aggregate_bench --orders 1000000 --users 100000 --threads 2

#include "adapters/rocks/engine.h"
#include "aggregate/aggregator.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "consume/consumer.h"
#include "domain/timestamp.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace konomi::bench {
namespace {

struct Arguments {
  std::uint64_t orders = 1'000'000;
  std::uint64_t users = 100'000;
  std::uint64_t days = 1;
  std::size_t threads = 2;
  std::size_t records_max = consume::ConsumerOptions().records_max;
  std::size_t users_per_chunk = aggregate::DayCounterOptions().users_per_chunk;
};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}: {}\n", name_of(result.error().code), result.error().message);
  std::exit(1);
}
void must(const Result<void>& result) {
  if (result) return;
  fmt::print(stderr, "{}: {}\n", name_of(result.error().code), result.error().message);
  std::exit(1);
}

std::uint64_t peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) / 1024;
  }
  return 0;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// One phase: how long it took, how much of the processors, and the most memory it held.
class Phase {
 public:
  Phase() : begun_(std::chrono::steady_clock::now()), cpu_begun_(cpu_seconds()) {
    std::ofstream("/proc/self/clear_refs") << 5;
  }

  void report(const char* name, std::uint64_t orders) const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
    fmt::print("{:<28} {:>8.2f} s {:>12.0f} orders/s {:>8.2f} s of CPU   peak {} MB\n", name,
               took.count(), static_cast<double>(orders) / took.count(), cpu_seconds() - cpu_begun_,
               peak_memory_mb());
  }

 private:
  std::chrono::steady_clock::time_point begun_;
  double cpu_begun_;
};

// Appends batches like those of an import and waits until all of them are durable.
class Appender {
 public:
  explicit Appender(OrderLog& log) : log_(log) {}

  void append(std::vector<Order> orders) {
    {
      MutexLock lock(mutex_);
      while (batches_waiting_ >= kBatchesMax) changed_.wait(mutex_);
      ++batches_waiting_;
    }
    log_.append(std::move(orders), [this](const Result<void>& done) {
      must(done);
      const MutexLock lock(mutex_);
      --batches_waiting_;
      changed_.notify_one();
    });
  }

  void wait() {
    MutexLock lock(mutex_);
    while (batches_waiting_ > 0) changed_.wait(mutex_);
  }

 private:
  static constexpr int kBatchesMax = 20;

  OrderLog& log_;
  Mutex mutex_;
  ConditionVariable changed_;
  int batches_waiting_ KONOMI_GUARDED_BY(mutex_) = 0;
};

void append_orders(OrderLog& log, const Arguments& arguments, Timestamp begin) {
  constexpr std::array kTypes{"washoku", "yoshoku", "chuka", "cafe", "sushi", "ramen"};
  std::mt19937_64 random(1);
  Appender appender(log);
  std::vector<Order> batch;
  for (std::uint64_t i = 0; i < arguments.orders; ++i) {
    const std::uint64_t user = random() % arguments.users;
    const auto into_days =
        std::chrono::milliseconds(i * 86'400'000 * arguments.days / arguments.orders);
    batch.push_back({.user_id = UserId(fmt::format("user-{:08}", user)),
                     .order_id = OrderId(fmt::format("{:016x}-{:08}", random(), i)),
                     .ordered_at = begin + into_days,
                     .menu_type = MenuType(kTypes[(user + random() % 3) % kTypes.size()])});
    if (batch.size() < 1'000) continue;
    appender.append(std::exchange(batch, {}));
  }
  if (!batch.empty()) appender.append(std::move(batch));
  appender.wait();
}

void run(const Arguments& arguments, const std::filesystem::path& directory) {
  const SystemClock clock;
  Metrics metrics;
  const auto engine = must(rocks::RocksEngine::open(directory, clock));
  const auto calendar = must(BusinessCalendar::make("Asia/Tokyo", std::chrono::minutes(0)));
  const Timestamp begin = calendar.interval_of(must(parse_business_day("2025-05-01"))).begin;
  {
    const Phase phase;
    append_orders(engine->order_log(), arguments, begin);
    phase.report("append (fsynced)", arguments.orders);
  }
  {
    const Phase phase;
    const auto reader = must(engine->open_reader());
    consume::Consumer consumer(
        {*reader, engine->order_store(), engine->dead_letters(), engine->settings_store()},
        calendar, kBucketCountDefault, metrics, clock,
        {.records_max = arguments.records_max, .poll_wait = std::chrono::milliseconds(0)});
    while (must(consumer.step({})) > 0) continue;
    phase.report("consume: log to store", arguments.orders);
  }
  aggregate::Aggregator aggregator(
      {engine->order_store(), engine->summary_store(), engine->preference_store(),
       engine->settings_store()},
      calendar, kBucketCountDefault, metrics, clock,
      {.counting = {.users_per_chunk = arguments.users_per_chunk}, .threads = arguments.threads});
  {
    const Phase phase;
    must(aggregator.count_dirty({}));
    phase.report("count, for the first time", arguments.orders);
  }
  {
    const Phase phase;
    for (std::uint64_t day = 0; day < arguments.days; ++day)
      must(aggregator.count_day(calendar.day_of(begin) + std::chrono::days(day), {}));
    phase.report("count again", arguments.orders);
  }
  {
    const Phase phase;
    must(aggregator.count_dirty({}));
    phase.report("look for something dirty", 0);
  }
  const auto day = must(engine->summary_store().day(calendar.day_of(begin)));
  fmt::print("first day: {} orders, {} users\n", day ? day->figures.orders : 0,
             day ? day->figures.users : 0);
}

}  // namespace
}  // namespace konomi::bench

int main(int argc, char** argv) {
  CLI::App app("Counts a day on the embedded engine.");
  konomi::bench::Arguments arguments;
  app.add_option("--orders", arguments.orders, "Orders in all.");
  app.add_option("--users", arguments.users, "Users who order.");
  app.add_option("--days", arguments.days, "Days the orders spread over.");
  app.add_option("--threads", arguments.threads, "Buckets counted at the same time.");
  app.add_option("--records", arguments.records_max, "Records a consumer's poll asks for.");
  app.add_option("--chunk", arguments.users_per_chunk, "Users written together.");
  CLI11_PARSE(app, argc, argv);
  konomi::configure_log(konomi::LogLevel::warning, konomi::LogFormat::text);
  std::string directory =
      (std::filesystem::temp_directory_path() / "konomi-aggregate-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return 1;
  konomi::bench::run(arguments, directory);
  std::filesystem::remove_all(directory);
}
