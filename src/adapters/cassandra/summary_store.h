#pragma once

#include "adapters/cassandra/session.h"
#include "ports/summary_store.h"

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::cassandra {

// Every figure is one cell, written with its version as the timestamp.
class CassandraSummaryStore final : public SummaryStore {
 public:
  // The session outlives the store.
  static Result<std::unique_ptr<CassandraSummaryStore>> open(Session& session,
                                                             std::string_view keyspace);

  Result<void> put_bucket_summary(BusinessDay day, Bucket bucket,
                                  const BucketSummary& summary) override;
  Result<void> put_bucket_moves(BusinessDay day, Bucket bucket, const BucketMoves& moves) override;
  Result<std::vector<DayPart>> day_parts(BusinessDay day, std::span<const Bucket> buckets) override;
  Result<std::map<BusinessDay, CountedMarks>> counted_marks(Bucket bucket) override;
  Result<void> put_day(const DaySummary& summary) override;
  Result<std::optional<DaySummary>> day(BusinessDay day) override;
  Result<std::vector<DaySummary>> days(BusinessDay from, BusinessDay to,
                                       std::size_t days_max) override;
  Result<std::optional<Range>> days_range() override;
  Result<void> put_progress(std::span<const Bucket> buckets,
                            const CountProgress& progress) override;
  Result<std::optional<CountProgress>> progress(std::span<const Bucket> buckets) override;

 private:
  struct Statements {
    Statement put_summary;
    Statement put_moves;
    Statement day_part;
    Statement counted_marks;
    Statement put_day;
    Statement days;
    Statement years;
    Statement year_range;
    Statement put_next_offsets;
    Statement put_finished;
    Statement progress;
  };

  CassandraSummaryStore(Session& session, Statements statements)
      : session_(session), statements_(std::move(statements)) {}

  Result<std::vector<int>> years_with_days();

  Session& session_;
  const Statements statements_;
};

}  // namespace konomi::cassandra
