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
  Result<std::optional<BucketSummary>> bucket_summary(BusinessDay day, Bucket bucket) override;
  Result<std::map<BusinessDay, Marks>> counted_marks(Bucket bucket) override;
  Result<void> put_bucket_moves(BusinessDay day, Bucket bucket, const Moves& moves) override;
  Result<Moves> bucket_moves(BusinessDay day, Bucket bucket) override;
  Result<void> put_day(const DaySummary& summary) override;
  Result<std::optional<DaySummary>> day(BusinessDay day) override;
  Result<std::vector<DaySummary>> days(BusinessDay from, BusinessDay to,
                                       std::size_t days_max) override;
  Result<std::optional<Range>> days_range() override;
  Result<void> put_progress(const CountProgress& progress) override;
  Result<std::optional<CountProgress>> progress() override;

 private:
  Database& database_;
};

}  // namespace konomi::rocks
