#pragma once

#include "adapters/rocks/database.h"
#include "ports/summary_store.h"

#include <map>
#include <optional>
#include <vector>

namespace konomi::rocks {

// Every figure is one row, replaced without a look at what was there: one thread writes a bucket.
class RocksSummaryStore final : public SummaryStore {
 public:
  explicit RocksSummaryStore(Database& database) : database_(database) {}

  Result<void> put_bucket_summary(BusinessDay day, Bucket bucket,
                                  const BucketSummary& summary) override;
  Result<std::map<BusinessDay, CountedMarks>> counted_marks(Bucket bucket) override;
  Result<void> put_bucket_moves(BusinessDay day, Bucket bucket, const BucketMoves& moves) override;
  Result<std::vector<DayPart>> day_parts(BusinessDay day, std::span<const Bucket> buckets) override;
  Result<void> put_day(const DaySummary& summary) override;
  Result<std::optional<DaySummary>> day(BusinessDay day) override;
  Result<std::vector<DaySummary>> days(BusinessDay from, BusinessDay to,
                                       std::size_t days_max) override;
  Result<std::optional<Range>> days_range() override;
  Result<void> put_progress(std::span<const Bucket> buckets,
                            const CountProgress& progress) override;
  Result<std::optional<CountProgress>> progress(std::span<const Bucket> buckets) override;

 private:
  Database& database_;
};

}  // namespace konomi::rocks
