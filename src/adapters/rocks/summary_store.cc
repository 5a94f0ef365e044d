#include "adapters/rocks/summary_store.h"

#include "adapters/rocks/keys.h"
#include "adapters/rocks/row_cursor.h"
#include "adapters/rocks/stores.h"
#include "encoding/values.h"

#include <string>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::string_view kProgressKey = "count_progress";

std::string bucket_key(BusinessDay day, Bucket bucket) {
  return KeyWriter().bucket(bucket).day(day).take();
}

std::string progress_key(Bucket bucket) {
  return KeyWriter().text(kProgressKey).bucket(bucket).take();
}

std::string day_key(BusinessDay day) {
  return KeyWriter().day(day).take();
}

Result<void> put_row(Database& database, StoreFamily family, const std::string& key,
                     const std::string& value) {
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database));
  rows.put(family, key, value);
  return rows.commit(Durability::written_through);
}

template <class T>
Result<std::optional<T>> read_value(Database& database, StoreFamily family, std::string_view key,
                                    Result<T> (*decode)(std::string_view)) {
  KONOMI_TRY(const auto value, read_row(database, family, key));
  if (!value) return std::optional<T>();
  KONOMI_TRY(T decoded, decode(*value));
  return std::optional<T>(std::move(decoded));
}

}  // namespace

Result<void> RocksSummaryStore::put_bucket_summary(BusinessDay day, Bucket bucket,
                                                   const BucketSummary& summary) {
  return put_row(database_, kBucketSummaries, bucket_key(day, bucket),
                 encoding::encode_bucket_summary(summary));
}

Result<void> RocksSummaryStore::put_bucket_moves(BusinessDay day, Bucket bucket,
                                                 const BucketMoves& moves) {
  return put_row(database_, kBucketMoves, bucket_key(day, bucket), encoding::encode_moves(moves));
}

Result<std::vector<DayPart>> RocksSummaryStore::day_parts(BusinessDay day,
                                                          std::span<const Bucket> buckets) {
  std::vector<std::string> keys;
  for (const Bucket bucket : buckets) keys.push_back(bucket_key(day, bucket));
  KONOMI_TRY(const auto summaries, read_rows(database_, kBucketSummaries, keys));
  KONOMI_TRY(const auto moves, read_rows(database_, kBucketMoves, keys));
  std::vector<DayPart> parts;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    DayPart& part = parts.emplace_back(DayPart{.bucket = buckets[i]});
    if (summaries[i]) {
      KONOMI_TRY(part.summary, encoding::decode_bucket_summary(*summaries[i]));
    }
    if (moves[i]) {
      KONOMI_TRY(part.moves, encoding::decode_moves(*moves[i]));
    }
  }
  return parts;
}

Result<std::map<BusinessDay, CountedMarks>> RocksSummaryStore::counted_marks(Bucket bucket) {
  KONOMI_TRY(RowWalk walk,
             RowWalk::begin(database_, kBucketSummaries, KeyWriter().bucket(bucket).take()));
  std::map<BusinessDay, CountedMarks> counted;
  while (true) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) return counted;
    KONOMI_TRY(const BusinessDay day, KeyReader(walk.key_rest()).day());
    KONOMI_TRY(counted[day], encoding::decode_counted_marks(walk.value()));
  }
}

Result<void> RocksSummaryStore::put_day(const DaySummary& summary) {
  return put_row(database_, kDays, day_key(summary.day), encoding::encode_day(summary));
}

Result<std::optional<DaySummary>> RocksSummaryStore::day(BusinessDay day) {
  KONOMI_TRY(auto summary, read_value(database_, kDays, day_key(day), encoding::decode_day));
  if (summary) summary->day = day;
  return summary;
}

Result<std::vector<DaySummary>> RocksSummaryStore::days(BusinessDay from, BusinessDay to,
                                                        std::size_t days_max) {
  std::vector<DaySummary> days;
  KONOMI_TRY(RowWalk walk,
             RowWalk::begin(database_, kDays, "", day_key(from - std::chrono::days(1))));
  while (days.size() < days_max) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) break;
    KONOMI_TRY(const BusinessDay day, KeyReader(walk.key_rest()).day());
    if (day > to) break;
    KONOMI_TRY(DaySummary summary, encoding::decode_day(walk.value()));
    summary.day = day;
    days.push_back(std::move(summary));
  }
  return days;
}

Result<std::optional<SummaryStore::Range>> RocksSummaryStore::days_range() {
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kDays, ""));
  std::optional<Range> range;
  while (true) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) return range;
    KONOMI_TRY(const BusinessDay day, KeyReader(walk.key_rest()).day());
    if (!range) range = Range{.first = day, .last = day};
    range->last = day;
    ++range->count;
  }
}

Result<void> RocksSummaryStore::put_progress(std::span<const Bucket> buckets,
                                             const CountProgress& progress) {
  const std::string value = encoding::encode_progress(progress);
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (const Bucket bucket : buckets) rows.put(kSettings, progress_key(bucket), value);
  return rows.commit(Durability::written_through);
}

Result<std::optional<CountProgress>> RocksSummaryStore::progress(std::span<const Bucket> buckets) {
  std::vector<std::string> keys;
  for (const Bucket bucket : buckets) keys.push_back(progress_key(bucket));
  KONOMI_TRY(const auto values, read_rows(database_, kSettings, keys));
  std::vector<std::optional<CountProgress>> of_buckets;
  for (const auto& value : values) {
    std::optional<CountProgress>& progress = of_buckets.emplace_back();
    if (value) {
      KONOMI_TRY(progress, encoding::decode_progress(*value));
    }
  }
  return least_progress(of_buckets);
}

}  // namespace konomi::rocks
