#include "tests/contract/engines.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

#include <chrono>
#include <map>

namespace konomi::contract {
namespace {

using support::instant;
using support::value_of;

const BusinessDay kSummedDay = BusinessDay::from_days_since_1970(20'089);

BusinessDay day_after(int days) {
  return kSummedDay + std::chrono::days(days);
}

DayFigures figures(std::uint64_t orders) {
  DayFigures figures;
  figures.orders = orders;
  figures.users = 2;
  figures.checksum = 0xfedcba9876543210U;
  figures.types[MenuType("Americano with Milk")].orders = orders;
  figures.types[MenuType("Americano with Milk")].by_hour[23] = orders;
  figures.types[MenuType("和食")].by_hour[0] = 1;
  return figures;
}

BucketSummary bucket_summary(std::uint64_t orders) {
  return {.figures = figures(orders),
          .counted_up_to = {{LogPartition(0), LogOffset(orders)}, {LogPartition(3), LogOffset(7)}},
          .version = Version(orders * 3)};
}

Moves moves(std::uint64_t users) {
  return {{{Standing(), Standing::prefers(MenuType("washoku"))}, users},
          {{Standing::prefers(MenuType("washoku")), Standing::undecided()}, 1}};
}

BucketMoves bucket_moves(std::uint64_t users) {
  return {.moves = moves(users), .version = Version(users * 100)};
}

DaySummary day_summary(BusinessDay day, std::uint64_t orders) {
  return {.day = day,
          .figures = figures(orders),
          .moves = moves(orders),
          .counted_up_to = {{LogPartition(0), LogOffset(orders)}},
          .state = DayState::revised,
          .revision = 3,
          .computed_at = instant(77),
          .version = Version(orders * 7)};
}

template <class Engine>
class SummaryStoreContract : public EngineTest<Engine> {
 protected:
  SummaryStore& store() { return this->engine->summary_store(); }
  DayPart part(BusinessDay day, Bucket bucket) {
    const auto parts = value_of(store().day_parts(day, {&bucket, 1}));
    EXPECT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts.front().bucket, bucket);
    return parts.front();
  }
  std::optional<CountProgress> progress(std::vector<Bucket> buckets) {
    return value_of(store().progress(buckets));
  }
};
TYPED_TEST_SUITE(SummaryStoreContract, Engines, EngineNames);

TYPED_TEST(SummaryStoreContract, ANewStoreHasNoFigures) {
  EXPECT_EQ(this->part(kSummedDay, Bucket(1)).summary, std::nullopt);
  EXPECT_TRUE(value_of(this->store().counted_marks(Bucket(1))).empty());
  EXPECT_EQ(this->part(kSummedDay, Bucket(1)).moves, BucketMoves());
  EXPECT_EQ(value_of(this->store().day(kSummedDay)), std::nullopt);
  EXPECT_TRUE(value_of(this->store().days(kSummedDay, day_after(10), 10)).empty());
  EXPECT_FALSE(value_of(this->store().days_range()).has_value());
  EXPECT_EQ(this->progress({Bucket(0)}), std::nullopt);
}

TYPED_TEST(SummaryStoreContract, ABucketsSummaryIsReplacedAsAWhole) {
  value_of(this->store().put_bucket_summary(kSummedDay, Bucket(1), bucket_summary(5)));
  value_of(this->store().put_bucket_summary(kSummedDay, Bucket(2), bucket_summary(6)));
  const BucketSummary empty{.version = Version(16)};
  value_of(this->store().put_bucket_summary(kSummedDay, Bucket(1), empty));
  this->engine.reopen();
  EXPECT_EQ(this->part(kSummedDay, Bucket(1)).summary, empty);
  EXPECT_EQ(this->part(kSummedDay, Bucket(2)).summary, bucket_summary(6));
  EXPECT_EQ(this->part(day_after(1), Bucket(2)).summary, std::nullopt);
}

TYPED_TEST(SummaryStoreContract, CountedMarksAreThoseOfTheSummaries) {
  for (int i : {3, 1, 2})
    value_of(this->store().put_bucket_summary(day_after(i), Bucket(1),
                                              bucket_summary(static_cast<std::uint64_t>(i))));
  value_of(this->store().put_bucket_summary(day_after(9), Bucket(2), bucket_summary(9)));
  BucketSummary repaired = bucket_summary(4);
  repaired.version = VersionSum().under(Generation(3));
  repaired.raw_orders = RawOrders::gone;
  value_of(this->store().put_bucket_summary(day_after(4), Bucket(1), repaired));
  std::map<BusinessDay, CountedMarks> expected;
  for (int i : {1, 2, 3, 4})
    expected[day_after(i)].marks = bucket_summary(static_cast<std::uint64_t>(i)).counted_up_to;
  expected[day_after(4)].generation = Generation(3);
  expected[day_after(4)].raw_orders = RawOrders::gone;
  EXPECT_EQ(value_of(this->store().counted_marks(Bucket(1))), expected);
  EXPECT_EQ(this->part(day_after(4), Bucket(1)).summary, repaired);
}

TYPED_TEST(SummaryStoreContract, EmptyMovesReplaceWhatWasThere) {
  value_of(this->store().put_bucket_moves(kSummedDay, Bucket(1), bucket_moves(4)));
  value_of(this->store().put_bucket_moves(kSummedDay, Bucket(2), bucket_moves(5)));
  EXPECT_EQ(this->part(kSummedDay, Bucket(1)).moves, bucket_moves(4));
  EXPECT_EQ(this->part(kSummedDay, Bucket(1)).summary, std::nullopt);
  const BucketMoves empty{.version = Version(401)};
  value_of(this->store().put_bucket_moves(kSummedDay, Bucket(1), empty));
  this->engine.reopen();
  EXPECT_EQ(this->part(kSummedDay, Bucket(1)).moves, empty);
  EXPECT_EQ(this->part(kSummedDay, Bucket(2)).moves, bucket_moves(5));
}

TYPED_TEST(SummaryStoreContract, ADaysPartsAreThoseOfTheBucketsAskedFor) {
  value_of(this->store().put_bucket_summary(kSummedDay, Bucket(7), bucket_summary(5)));
  value_of(this->store().put_bucket_moves(kSummedDay, Bucket(0), bucket_moves(4)));
  value_of(this->store().put_bucket_moves(kSummedDay, Bucket(7), bucket_moves(2)));
  const std::vector<Bucket> asked = {Bucket(7), Bucket(3), Bucket(0)};
  EXPECT_EQ(value_of(this->store().day_parts(kSummedDay, asked)),
            (std::vector<DayPart>{
                {.bucket = Bucket(7), .summary = bucket_summary(5), .moves = bucket_moves(2)},
                {.bucket = Bucket(3)},
                {.bucket = Bucket(0), .moves = bucket_moves(4)}}));
}

TYPED_TEST(SummaryStoreContract, ADayIsReplacedAsAWhole) {
  value_of(this->store().put_day(day_summary(kSummedDay, 5)));
  value_of(this->store().put_day(day_summary(kSummedDay, 6)));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().day(kSummedDay)), day_summary(kSummedDay, 6));
}

TYPED_TEST(SummaryStoreContract, DaysAreAnInclusiveAscendingBoundedRange) {
  for (int i : {4, 0, 2, -1, 7}) value_of(this->store().put_day(day_summary(day_after(i), 1)));
  const auto found = [&](int from, int to, std::size_t max) {
    std::vector<int> days;
    for (const DaySummary& day : value_of(this->store().days(day_after(from), day_after(to), max)))
      days.push_back(static_cast<int>((day.day - kSummedDay).count()));
    return days;
  };
  EXPECT_EQ(found(0, 4, 10), (std::vector<int>{0, 2, 4}));
  EXPECT_EQ(found(-100, 100, 10), (std::vector<int>{-1, 0, 2, 4, 7}));
  EXPECT_EQ(found(-100, 100, 2), (std::vector<int>{-1, 0}));
  EXPECT_EQ(found(1, 1, 10), (std::vector<int>{}));
  EXPECT_EQ(found(4, 0, 10), (std::vector<int>{}));
}

TYPED_TEST(SummaryStoreContract, TheRangeOfDaysNamesFirstLastAndCount) {
  for (int i : {4, 0, 9}) value_of(this->store().put_day(day_summary(day_after(i), 1)));
  value_of(this->store().put_day(day_summary(day_after(4), 2)));
  const auto range = value_of(this->store().days_range());
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, kSummedDay);
  EXPECT_EQ(range->last, day_after(9));
  EXPECT_EQ(range->count, 3U);
}

TYPED_TEST(SummaryStoreContract, ProgressIsReplaced) {
  const CountProgress first{.next_offsets = {{LogPartition(0), LogOffset(5)}},
                            .finished_at = instant(1),
                            .duration = std::chrono::milliseconds(120)};
  const CountProgress second{.next_offsets = {{LogPartition(0), LogOffset(9)}},
                             .generation = Generation(1),
                             .finished_at = instant(2),
                             .duration = std::chrono::milliseconds(0)};
  const std::vector<Bucket> buckets = {Bucket(0), Bucket(1), Bucket(2)};
  value_of(this->store().put_progress(buckets, first));
  EXPECT_EQ(this->progress(buckets), first);
  value_of(this->store().put_progress(buckets, second));
  this->engine.reopen();
  EXPECT_EQ(this->progress(buckets), second);
}

TYPED_TEST(SummaryStoreContract, ProgressOfBucketsIsThatOfTheLastOne) {
  const CountProgress behind{
      .next_offsets = {{LogPartition(0), LogOffset(5)}, {LogPartition(1), LogOffset(8)}},
      .finished_at = instant(1),
      .duration = std::chrono::milliseconds(120)};
  const CountProgress ahead{
      .next_offsets = {{LogPartition(0), LogOffset(9)}, {LogPartition(1), LogOffset(7)}},
      .generation = Generation(2),
      .finished_at = instant(2),
      .duration = std::chrono::milliseconds(30)};
  value_of(this->store().put_progress(std::vector{Bucket(0), Bucket(2)}, behind));
  value_of(this->store().put_progress(std::vector{Bucket(1)}, ahead));
  EXPECT_EQ(this->progress({Bucket(1)}), ahead);
  EXPECT_EQ(this->progress({Bucket(0), Bucket(1)}),
            (CountProgress{
                .next_offsets = {{LogPartition(0), LogOffset(5)}, {LogPartition(1), LogOffset(7)}},
                .finished_at = instant(1),
                .duration = std::chrono::milliseconds(120)}));
  EXPECT_EQ(this->progress({Bucket(1), Bucket(3)}), std::nullopt) << "never counted";
}

}  // namespace
}  // namespace konomi::contract
