// What the embedded engine makes of a disk: how many orders a second become durable, are read and
// are stored, against the rate of bare fsyncs.
//   log_bench [--directory DIR] [--seconds S]
#include "adapters/rocks/engine.h"
#include "base/mutex.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace konomi;
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// Of all threads: on a busy machine it says more than the time that passed.
double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Rate {
  double per_second = 0;
  double cpu_nanoseconds = 0;  // For each.
};

// From its making to rate_of().
class Stopwatch {
 public:
  double seconds() const { return seconds_since(begin_); }
  Rate rate_of(std::size_t count) const {
    const auto each = static_cast<double>(count);
    return {.per_second = each / seconds(),
            .cpu_nanoseconds = (cpu_seconds() - cpu_begin_) * 1e9 / each};
  }

 private:
  const SteadyClock::time_point begin_ = SteadyClock::now();
  const double cpu_begin_ = cpu_seconds();
};

void print_rate(std::string_view what, const Rate& rate) {
  fmt::print("{:<44}{:>10.0f} /s {:>8.0f} ns CPU each\n", what, rate.per_second,
             rate.cpu_nanoseconds);
}

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}: {}\n", name_of(result.error().code), result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Writes and syncs 100 bytes after the other into a file whose blocks are there already.
Rate bare_syncs(const std::filesystem::path& directory, double seconds) {
  const std::string path = (directory / "bare").string();
  const int file = open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC, 0600);
  const std::string zeros(std::size_t{16} << 20, '\0');
  if (file < 0 || write(file, zeros.data(), zeros.size()) < 0 || fsync(file) != 0) std::exit(1);
  const std::string record(100, 'x');
  const Stopwatch watch;
  std::size_t count = 0;
  while (watch.seconds() < seconds) {
    const auto at = static_cast<off_t>(count++ * record.size() % (zeros.size() - record.size()));
    if (pwrite(file, record.data(), record.size(), at) < 0 || fdatasync(file) != 0) std::exit(1);
  }
  const Rate rate = watch.rate_of(count);
  close(file);
  return rate;
}

// As they come from a till: users in no order, ids of 36 bytes.
std::vector<Order> sample_orders(std::size_t count) {
  std::mt19937_64 random(1);
  const std::array types = {MenuType("washoku"), MenuType("yoshoku"), MenuType("chuka")};
  std::vector<Order> orders;
  for (std::size_t i = 0; i < count; ++i) {
    orders.push_back(
        {.user_id = UserId(fmt::format("user{}", random() % 100'000)),
         .order_id = OrderId(fmt::format("01990000-0000-7000-8000-{:012x}", i)),
         .ordered_at = Timestamp(std::chrono::milliseconds(1'760'000'000'000 + i * 10)),
         .menu_type = types[random() % types.size()]});
  }
  return orders;
}

// Lets appends through as long as few enough orders wait.
class Window {
 public:
  explicit Window(std::size_t orders_max) : orders_max_(orders_max) {}

  void enter(std::size_t orders) {
    const MutexLock lock(mutex_);
    while (waiting_ + orders > orders_max_) left_.wait(mutex_);
    waiting_ += orders;
  }
  void leave(std::size_t orders) {
    const MutexLock lock(mutex_);
    waiting_ -= orders;
    // Half empty, so that the producer refills it in one go as a burst of requests would.
    if (waiting_ <= orders_max_ / 2) left_.notify_one();
  }
  void drain() {
    const MutexLock lock(mutex_);
    while (waiting_ != 0) left_.wait(mutex_);
  }

 private:
  const std::size_t orders_max_;
  Mutex mutex_;
  ConditionVariable left_;
  std::size_t waiting_ = 0;
};

Rate appends(OrderLog& log, const std::vector<Order>& sample, std::size_t waiting,
             std::size_t request, double seconds) {
  Window window(waiting);
  std::size_t appended = 0;
  const Stopwatch watch;
  while (watch.seconds() < seconds) {
    const auto first = sample.begin() + static_cast<std::ptrdiff_t>(appended % sample.size());
    std::vector<Order> orders(first, first + static_cast<std::ptrdiff_t>(request));
    window.enter(request);
    log.append(std::move(orders), [&window, request](Result<void> written) {
      value_of(std::move(written));
      window.leave(request);
    });
    appended += request;
  }
  window.drain();
  return watch.rate_of(appended);
}

Rate reads(rocks::RocksEngine& engine) {
  const auto reader = value_of(engine.open_reader());
  const Stopwatch watch;
  std::size_t read = 0;
  while (true) {
    const auto records = value_of(reader->poll(1000, std::chrono::milliseconds(0), {}));
    if (records.empty()) break;
    read += records.size();
  }
  return watch.rate_of(read);
}

Rate rows_stored(OrderStore& store, std::vector<PlacedRow> rows, std::uint64_t first_version,
                 double seconds) {
  constexpr std::size_t kBatch = 1000;
  const Stopwatch watch;
  std::size_t stored = 0;
  while (watch.seconds() < seconds && stored + kBatch <= rows.size()) {
    StoreBatch batch;
    for (std::size_t i = stored; i < stored + kBatch; ++i) {
      batch.orders.push_back(std::move(rows[i]));
      batch.orders.back().stored.version = Version(first_version + i);
    }
    for (std::uint32_t bucket = 0; bucket < 64; ++bucket) {
      batch.marks.push_back({.day = batch.orders.front().day,
                             .bucket = Bucket(bucket),
                             .position = {LogPartition(0), LogOffset(first_version + stored)}});
    }
    batch.watermarks[LogPartition(0)].next_offset = LogOffset(first_version + stored + kBatch);
    value_of(store.put(batch));
    stored += kBatch;
  }
  return watch.rate_of(stored);
}

void measure_store(rocks::RocksEngine& engine, double seconds) {
  const auto rows_of = [](BusinessDay day) {
    std::vector<PlacedRow> rows;
    for (Order& order : sample_orders(2'000'000))
      rows.push_back({.day = day,
                      .bucket = bucket_of(order.user_id, kBucketCountDefault),
                      .stored = {.order = std::move(order), .version = {}}});
    return rows;
  };
  std::vector<PlacedRow> as_logged = rows_of(BusinessDay::from_days_since_1970(20'000));
  print_rate("rows stored, 1000 a batch, as logged",
             rows_stored(engine.order_store(), std::move(as_logged), 0, seconds));
  std::vector<PlacedRow> sorted = rows_of(BusinessDay::from_days_since_1970(20'001));
  std::ranges::sort(sorted, {}, [](const PlacedRow& row) {
    return std::tuple(row.bucket, row.stored.order.user_id, row.stored.order.order_id);
  });
  print_rate("rows stored, 1000 a batch, in key order",
             rows_stored(engine.order_store(), std::move(sorted), 10'000'000, seconds));
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory = "log_bench_data";
  double seconds = 3;
  CLI::App app("Measures the embedded engine on a disk.");
  app.add_option("--directory", directory, "A new directory on the disk; removed at the end");
  app.add_option("--seconds", seconds, "For each measurement");
  CLI11_PARSE(app, argc, argv);
  if (std::filesystem::exists(directory)) {
    fmt::print(stderr, "{} exists; expected a new directory\n", directory);
    return 1;
  }
  std::filesystem::create_directories(directory);
  const Rate bare = bare_syncs(directory, seconds);
  print_rate("bare write + fdatasync", bare);

  const SystemClock clock;
  const auto opening = SteadyClock::now();
  auto engine = value_of(rocks::RocksEngine::open(directory, clock));
  fmt::print("{:<44}{:>10.3f} s\n", "opening a new directory", seconds_since(opening));

  const std::vector<Order> sample = sample_orders(1'000'000);  // A multiple of every request.
  fmt::print("{:>14}{:>14}{:>16}{:>18}{:>18}\n", "orders waiting", "a request", "orders/s",
             "per bare fsync", "ns CPU an order");
  const std::vector<std::pair<std::size_t, std::size_t>> shapes = {
      {1, 1}, {64, 1}, {256, 1}, {1000, 1}, {1000, 500}, {2000, 1000}, {10'000, 1}, {10'000, 1000}};
  for (const auto& [waiting, request] : shapes) {
    const Rate rate = appends(engine->order_log(), sample, waiting, request, seconds);
    fmt::print("{:>14}{:>14}{:>16.0f}{:>18.1f}{:>18.0f}\n", waiting, request, rate.per_second,
               rate.per_second / bare.per_second, rate.cpu_nanoseconds);
  }
  print_rate("orders read, 1000 a poll", reads(*engine));
  measure_store(*engine, seconds);
  engine.reset();
  std::filesystem::remove_all(directory);
}
