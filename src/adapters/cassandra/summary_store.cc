#include "adapters/cassandra/summary_store.h"

#include "adapters/cassandra/statement_table.h"
#include "encoding/values.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace konomi::cassandra {
namespace {

constexpr std::uint32_t kRowsPerPage = 1000;
constexpr std::uint32_t kDaysPerPage = 100;  // A day's figures can be some ten kilobytes.

Version version_of(const CountProgress& progress) {
  VersionSum sum;
  for (const auto& [partition, offset] : progress.next_offsets) sum.add(offset);
  return sum.under(progress.generation);
}

// What counted_up_to holds: a summary's marks without its figures.
std::string encode_counted_marks(const BucketSummary& summary) {
  BucketSummary marks;
  marks.counted_up_to = summary.counted_up_to;
  marks.version = summary.version;
  marks.raw_orders = summary.raw_orders;
  return encoding::encode_bucket_summary(marks);
}

}  // namespace

Result<std::unique_ptr<CassandraSummaryStore>> CassandraSummaryStore::open(
    Session& session, std::string_view keyspace) {
  static constexpr StatementRow<Statements> kTable[] = {
      {&Statements::put_summary,
       "INSERT INTO {}.daily_order_summaries (bucket, order_date, summary, counted_up_to) VALUES "
       "(?, ?, ?, ?) USING TIMESTAMP ?"},
      {&Statements::put_moves,
       "INSERT INTO {}.daily_order_summaries (bucket, order_date, moves) VALUES (?, ?, ?) USING "
       "TIMESTAMP ?"},
      {&Statements::day_part,
       "SELECT summary, moves FROM {}.daily_order_summaries WHERE bucket = ? AND order_date = ?",
       kRowsPerPage},
      {&Statements::counted_marks,
       "SELECT order_date, counted_up_to FROM {}.daily_order_summaries WHERE bucket = ?",
       kRowsPerPage},
      {&Statements::put_day,
       "INSERT INTO {}.days (year, order_date, value) VALUES (?, ?, ?) USING TIMESTAMP ?"},
      {&Statements::days,
       "SELECT order_date, value FROM {}.days WHERE year = ? AND order_date >= ? AND order_date <= "
       "? LIMIT ?",
       kDaysPerPage},
      {&Statements::years, "SELECT DISTINCT year FROM {}.days", kRowsPerPage},
      {&Statements::year_range,
       "SELECT count(*), min(order_date), max(order_date) FROM {}.days WHERE year = ?",
       kRowsPerPage},
      {&Statements::put_next_offsets,
       "INSERT INTO {}.count_progress (bucket, next_offsets) VALUES (?, ?) USING TIMESTAMP ?"},
      {&Statements::put_finished,
       "INSERT INTO {}.count_progress (bucket, finished_at, duration_ms) VALUES (?, ?, ?) USING "
       "TIMESTAMP ?"},
      {&Statements::progress,
       "SELECT next_offsets, finished_at, duration_ms FROM {}.count_progress WHERE bucket = ?",
       kRowsPerPage},
  };
  KONOMI_TRY(Statements statements, prepare_all(session, keyspace, kTable));
  return std::unique_ptr<CassandraSummaryStore>(
      new CassandraSummaryStore(session, std::move(statements)));
}

Result<void> CassandraSummaryStore::put_bucket_summary(BusinessDay day, Bucket bucket,
                                                       const BucketSummary& summary) {
  Requests requests;
  requests.add(statements_.put_summary)
      .bucket(bucket)
      .date(day)
      .bytes(encoding::encode_bucket_summary(summary))
      .bytes(encode_counted_marks(summary))
      .bigint(timestamp_of(summary.version));
  return session_.write(requests);
}

Result<void> CassandraSummaryStore::put_bucket_moves(BusinessDay day, Bucket bucket,
                                                     const BucketMoves& moves) {
  Requests requests;
  requests.add(statements_.put_moves)
      .bucket(bucket)
      .date(day)
      .bytes(encoding::encode_moves(moves))
      .bigint(timestamp_of(moves.version));
  return session_.write(requests);
}

Result<std::vector<DayPart>> CassandraSummaryStore::day_parts(BusinessDay day,
                                                              std::span<const Bucket> buckets) {
  std::vector<DayPart> parts;
  Requests requests;
  for (const Bucket bucket : buckets) {
    parts.push_back({.bucket = bucket, .summary = {}, .moves = {}});
    requests.add(statements_.day_part).bucket(bucket).date(day);
  }
  const auto take = [&](std::size_t index, RowReader& row) -> Result<void> {
    KONOMI_TRY(const auto summary, row.optional_bytes());
    KONOMI_TRY(const auto moves, row.optional_bytes());
    if (summary) {
      KONOMI_TRY(parts[index].summary, encoding::decode_bucket_summary(*summary));
    }
    if (moves) {
      KONOMI_TRY(parts[index].moves, encoding::decode_moves(*moves));
    }
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return parts;
}

Result<std::map<BusinessDay, CountedMarks>> CassandraSummaryStore::counted_marks(Bucket bucket) {
  Requests requests;
  requests.add(statements_.counted_marks).bucket(bucket);
  std::map<BusinessDay, CountedMarks> counted;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const BusinessDay day, row.date());
    KONOMI_TRY(const auto marks, row.optional_bytes());
    if (!marks) return {};  // There are moves only.
    KONOMI_TRY(counted[day], encoding::decode_counted_marks(*marks));
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return counted;
}

Result<void> CassandraSummaryStore::put_day(const DaySummary& summary) {
  Requests requests;
  requests.add(statements_.put_day)
      .integer(summary.day.year())
      .date(summary.day)
      .bytes(encoding::encode_day(summary))
      .bigint(timestamp_of(summary.version));
  return session_.write(requests);
}

Result<std::optional<DaySummary>> CassandraSummaryStore::day(BusinessDay day) {
  KONOMI_TRY(auto found, days(day, day, 1));
  if (found.empty()) return std::optional<DaySummary>();
  return std::optional(std::move(found.front()));
}

Result<std::vector<int>> CassandraSummaryStore::years_with_days() {
  Requests requests;
  requests.add(statements_.years);
  std::vector<int> years;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::int32_t year, row.integer());
    years.push_back(year);
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  std::ranges::sort(years);  // They come by the hash of the partitions.
  return years;
}

Result<std::vector<DaySummary>> CassandraSummaryStore::days(BusinessDay from, BusinessDay to,
                                                            std::size_t days_max) {
  std::vector<DaySummary> days;
  if (to < from) return days;
  std::vector<int> years = {from.year()};
  // Looking for the years with days asks every node; not worth it for two of them.
  if (to.year() == from.year() + 1) years.push_back(to.year());
  if (to.year() > from.year() + 1) {
    KONOMI_TRY(years, years_with_days());
  }
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const BusinessDay day, row.date());
    KONOMI_TRY(const std::string_view value, row.bytes());
    KONOMI_TRY(DaySummary summary, encoding::decode_day(value));
    summary.day = day;
    days.push_back(std::move(summary));
    return {};
  };
  constexpr std::size_t kLimitMax = std::numeric_limits<std::int32_t>::max();
  for (const int year : years) {
    if (year < from.year() || year > to.year()) continue;
    if (days.size() >= days_max) break;
    Requests requests;
    requests.add(statements_.days)
        .integer(year)
        .date(from)
        .date(to)
        .integer(static_cast<std::int32_t>(std::min(days_max - days.size(), kLimitMax)));
    KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  }
  return days;
}

Result<std::optional<SummaryStore::Range>> CassandraSummaryStore::days_range() {
  KONOMI_TRY(const auto years, years_with_days());
  Requests requests;
  for (const int year : years) requests.add(statements_.year_range).integer(year);
  std::optional<Range> range;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::int64_t count, row.bigint());
    if (count == 0) return {};  // Its first and last day are null.
    KONOMI_TRY(const BusinessDay first, row.date());
    KONOMI_TRY(const BusinessDay last, row.date());
    if (!range) range = Range{.first = first, .last = last};
    range->first = std::min(range->first, first);
    range->last = std::max(range->last, last);
    range->count += static_cast<std::uint64_t>(count);
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return range;
}

// The offsets and the moment are versions of their own: a pass that found nothing new finishes
// later at the same offsets.
Result<void> CassandraSummaryStore::put_progress(std::span<const Bucket> buckets,
                                                 const CountProgress& progress) {
  CountProgress offsets;
  offsets.next_offsets = progress.next_offsets;
  offsets.generation = progress.generation;
  const std::string next_offsets = encoding::encode_progress(offsets);
  const std::int64_t finished_at = progress.finished_at.time_since_epoch().count();
  Requests requests;
  for (const Bucket bucket : buckets) {
    requests.add(statements_.put_next_offsets)
        .bucket(bucket)
        .bytes(next_offsets)
        .bigint(timestamp_of(version_of(progress)));
    requests.join(statements_.put_finished)
        .bucket(bucket)
        .bigint(finished_at)
        .bigint(progress.duration.count())
        .bigint(finished_at);
  }
  return session_.write(requests);
}

Result<std::optional<CountProgress>> CassandraSummaryStore::progress(
    std::span<const Bucket> buckets) {
  Requests requests;
  for (const Bucket bucket : buckets) requests.add(statements_.progress).bucket(bucket);
  std::vector<std::optional<CountProgress>> of_buckets(buckets.size());
  const auto take = [&](std::size_t index, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view next_offsets, row.bytes());
    KONOMI_TRY(CountProgress progress, encoding::decode_progress(next_offsets));
    KONOMI_TRY(progress.finished_at, row.timestamp());
    KONOMI_TRY(const std::int64_t milliseconds, row.bigint());
    progress.duration = std::chrono::milliseconds(milliseconds);
    of_buckets[index] = std::move(progress);
    return {};
  };
  KONOMI_CHECK_OK(session_.read_all(std::move(requests), take));
  return least_progress(of_buckets);
}

}  // namespace konomi::cassandra
