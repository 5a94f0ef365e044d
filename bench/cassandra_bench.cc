// How many rows of orders a second a Cassandra takes: as unlogged batches of 100 rows of one
// partition through the bridge alone (the limit), and as the order store writes what a consumer has
// polled. The rows are those that `kafka_bench --fill` appends.
//
//   cassandra_bench batches|store --contact-points HOST:PORT --keyspace NAME [--rows N]
//
// One line: what, rows, rows a second, nanoseconds of this process's processor time a row.

#include "adapters/cassandra/engine.h"
#include "bench/measure.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace konomi::bench {
namespace {

using cassandra::Requests;

struct Arguments {
  std::string what;
  cassandra::CassandraOptions cassandra;
  std::size_t rows = 1'000'000;
  std::size_t users = 100'000;
  std::size_t polled = 5'000;
  std::uint32_t log_partitions = 8;
};

const BusinessDay kDay = value_of(parse_business_day("2025-05-31"));

std::vector<PlacedRow> sample_rows(const Arguments& arguments) {
  std::vector<PlacedRow> rows;
  rows.reserve(arguments.rows);
  for (Order& order : sample_orders(arguments.rows, arguments.users)) {
    const Bucket bucket = bucket_of(order.user_id, kBucketCountDefault);
    rows.push_back({.day = kDay,
                    .bucket = bucket,
                    .stored = {.order = std::move(order), .version = Version(rows.size())}});
  }
  return rows;
}

// As a consumer does: a Cassandra that cannot keep up refuses now and then, and the time counts.
template <class Write>
void write_until_stored(const Write& write) {
  constexpr int kAttemptsMax = 10;
  for (int attempt = 1; attempt < kAttemptsMax; ++attempt) {
    const Result<void> written = write();
    if (written) return;
    if (written.error().code != ErrorCode::timed_out &&
        written.error().code != ErrorCode::overloaded)
      break;
    fmt::print(stderr, "again: {}\n", written.error().message);
  }
  value_of(write());
}

// As many rows in a call as keep its end, when places stay empty, out of the figure.
constexpr std::size_t kRowsPerCall = 50'000;
constexpr std::size_t kRowsPerBatch = cassandra::PartitionedWrites::kBatchRowsMax;

Rate write_batches(const Arguments& arguments, std::vector<PlacedRow> rows) {
  const std::string& keyspace = arguments.cassandra.keyspace;
  const auto session = value_of(cassandra::Session::connect(arguments.cassandra.session, keyspace));
  const auto insert = value_of(session->prepare(fmt::format(
      "INSERT INTO {}.raw_orders (order_date, bucket, user_id, order_id, menu_type, ordered_at, "
      "status, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
      keyspace)));
  std::ranges::stable_sort(rows, {}, &PlacedRow::bucket);
  const Stopwatch watch;
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsPerCall) {
    const std::size_t end = std::min(begin + kRowsPerCall, rows.size());
    Requests requests;
    for (std::size_t i = begin, in_batch = 0; i < end; ++i) {
      const PlacedRow& row = rows[i];
      const Order& order = row.stored.order;
      const auto version = static_cast<std::int64_t>(row.stored.version.value());
      const bool joins =
          in_batch > 0 && in_batch < kRowsPerBatch && rows[i - 1].bucket == row.bucket;
      in_batch = joins ? in_batch + 1 : 1;
      Requests& request = joins ? requests.join(insert) : requests.add(insert);
      request.date(row.day)
          .bucket(row.bucket)
          .bytes(order.user_id.value())
          .bytes(order.order_id.value())
          .bytes(order.menu_type.value())
          .timestamp(order.ordered_at)
          .tinyint(static_cast<std::int8_t>(order.status))
          .bigint(version)
          .bigint(version);
    }
    write_until_stored([&] { return session->write(requests); });
  }
  return watch.rate_of(rows.size());
}

// A poll's worth of rows at a time, of one log partition after the other.
Rate put_polls(const Arguments& arguments, std::vector<PlacedRow> rows) {
  const auto engine = value_of(cassandra::CassandraEngine::open(arguments.cassandra));
  const auto partition_of = [&](const PlacedRow& row) {
    return LogPartition(row.bucket.value() % arguments.log_partitions);
  };
  std::ranges::stable_sort(rows, {}, partition_of);
  const Stopwatch watch;
  for (std::size_t begin = 0; begin < rows.size(); begin += arguments.polled) {
    const std::size_t end = std::min(begin + arguments.polled, rows.size());
    StoreBatch batch;
    std::map<Bucket, LogPosition> marks;
    for (std::size_t i = begin; i < end; ++i) {
      const LogPosition position{partition_of(rows[i]), LogOffset(i)};
      marks[rows[i].bucket] = position;
      batch.watermarks[position.partition].next_offset = LogOffset(i + 1);
      batch.orders.push_back(std::move(rows[i]));
    }
    for (const auto& [bucket, position] : marks)
      batch.marks.push_back({.day = kDay, .bucket = bucket, .position = position});
    write_until_stored([&] { return engine->order_store().put(batch); });
  }
  return watch.rate_of(rows.size());
}

void run(const Arguments& arguments) {
  std::vector<PlacedRow> rows = sample_rows(arguments);
  const Rate rate = arguments.what == "batches" ? write_batches(arguments, std::move(rows))
                                                : put_polls(arguments, std::move(rows));
  fmt::print("{:<12}{:>10}{:>12.0f}{:>10.0f}\n", arguments.what, arguments.rows, rate.per_second,
             rate.cpu_nanoseconds);
}

}  // namespace
}  // namespace konomi::bench

int main(int argc, char** argv) {
  konomi::bench::Arguments arguments;
  CLI::App app("Measures how fast Cassandra takes rows of orders.");
  app.add_option("what", arguments.what, "batches: the limit; store: the order store")
      ->required()
      ->check(CLI::IsMember({"batches", "store"}));
  app.add_option("--contact-points", arguments.cassandra.session.contact_points)
      ->capture_default_str();
  app.add_option("--keyspace", arguments.cassandra.keyspace, "With konomi's schema")
      ->capture_default_str();
  app.add_option("--rows", arguments.rows)->capture_default_str();
  app.add_option("--users", arguments.users)->capture_default_str();
  app.add_option("--polled", arguments.polled, "Rows that the store is given at a time")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  konomi::bench::run(arguments);
}
