#include "consume/sorting.h"

#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::consume {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr BucketCount kSortedBuckets{8};

Timestamp at(const char* text) {
  return parse_rfc3339(text).value();
}

const BusinessCalendar& tokyo() {
  static const BusinessCalendar kCalendar =
      BusinessCalendar::make("Asia/Tokyo", std::chrono::hours(5)).value();
  return kCalendar;
}

Order order(const char* user, const char* id, const char* type,
            const char* ordered_at = "2025-05-31T12:00:00+09:00") {
  return {.user_id = UserId(user),
          .order_id = OrderId(id),
          .ordered_at = at(ordered_at),
          .menu_type = MenuType(type)};
}

LogRecord record(std::uint64_t offset, Order content, std::uint32_t partition = 0) {
  return {.position = {LogPartition(partition), LogOffset(offset)},
          .logged_at = at("2025-05-31T12:00:00+09:00") + std::chrono::seconds(offset),
          .content = std::move(content),
          .original = {}};
}

KnownMenuTypes known(std::initializer_list<const char*> types, std::size_t types_max = 1000) {
  KnownMenuTypes known{.types_max = types_max};
  for (const char* type : types) known.types.emplace(type);
  return known;
}

// With the bytes that a log would give for what is refused.
SortedRecords sort(std::vector<LogRecord> records, const KnownMenuTypes& types) {
  Judgement judgement = judge_records(records, types);
  for (RefusedRecord& refused : judgement.refused)
    refused.raw = {.key = "k", .value = "42", .headers = {{"h", "v"}}};
  return sort_records(
      std::move(records), std::move(judgement), [](const LogRecord&) { return std::nullopt; },
      tokyo(), kSortedBuckets, at("2025-06-01T00:00:00Z"));
}

TEST(SortRecords, GivesAnOrderItsBusinessDayItsBucketAndItsOffsetAsVersion) {
  auto types = known({"washoku"});
  const auto sorted =
      sort({record(41, order("u1", "o1", "washoku", "2025-06-01T04:59:59.999+09:00"))}, types);
  ASSERT_EQ(sorted.batch.orders.size(), 1U);
  const PlacedRow& row = sorted.batch.orders[0];
  EXPECT_EQ(to_string(row.day), "2025-05-31") << "the day starts at 05:00";
  EXPECT_EQ(row.bucket, bucket_of(UserId("u1"), kSortedBuckets));
  EXPECT_EQ(row.stored.version, Version(41));
  EXPECT_EQ(row.stored.order.order_id, OrderId("o1"));
  EXPECT_THAT(sorted.new_types, IsEmpty());
  EXPECT_THAT(sorted.dead_letters, IsEmpty());
}

TEST(SortRecords, MarksTheHighestOffsetOfEachDayBucketAndPartition) {
  auto types = known({"a"});
  const auto sorted = sort({record(5, order("u1", "o1", "a")), record(6, order("u1", "o2", "a")),
                            record(7, order("u1", "o3", "a", "2025-06-02T12:00:00+09:00")),
                            record(3, order("u1", "o4", "a"), 1)},
                           types);
  const Bucket bucket = bucket_of(UserId("u1"), kSortedBuckets);
  std::vector<std::string> marks;
  for (const DayMark& mark : sorted.batch.marks) {
    EXPECT_EQ(mark.bucket, bucket);
    marks.push_back(to_string(mark.day) + " " + std::to_string(mark.position.partition.value()) +
                    ":" + std::to_string(mark.position.offset.value()));
  }
  EXPECT_THAT(marks, ElementsAre("2025-05-31 0:6", "2025-05-31 1:3", "2025-06-02 0:7"));
}

TEST(SortRecords, MovesEachWatermarkPastTheLastRecord) {
  auto types = known({"a"});
  const auto sorted = sort({record(5, order("u1", "o1", "a")), record(6, order("u1", "o2", "a")),
                            record(3, order("u2", "o3", "a"), 1)},
                           types);
  ASSERT_EQ(sorted.batch.watermarks.size(), 2U);
  const Watermark& first = sorted.batch.watermarks.at(LogPartition(0));
  EXPECT_EQ(first.next_offset, LogOffset(7));
  EXPECT_EQ(first.stored_up_to, at("2025-05-31T12:00:06+09:00"));
  EXPECT_EQ(sorted.batch.watermarks.at(LogPartition(1)).next_offset, LogOffset(4));
}

TEST(SortRecords, MakesADeadLetterOfAnUnreadableRecordAndPassesIt) {
  auto types = known({"a"});
  LogRecord broken{.position = {LogPartition(0), LogOffset(9)},
                   .logged_at = at("2025-05-31T12:00:00Z"),
                   .content = UnreadableRecord{.reason = "unreadable",
                                               .message = "expected an object, came a number"},
                   .original = {}};
  const auto sorted = sort({broken}, types);
  EXPECT_THAT(sorted.batch.orders, IsEmpty());
  EXPECT_THAT(sorted.batch.marks, IsEmpty());
  EXPECT_EQ(sorted.batch.watermarks.at(LogPartition(0)).next_offset, LogOffset(10));
  ASSERT_EQ(sorted.dead_letters.size(), 1U);
  const DeadLetter& letter = sorted.dead_letters[0];
  EXPECT_EQ(letter.position, broken.position);
  EXPECT_EQ(letter.reason, "unreadable");
  EXPECT_EQ(letter.message, "expected an object, came a number");
  EXPECT_EQ(letter.key, "k");
  EXPECT_EQ(letter.value, "42");
  EXPECT_EQ(letter.headers.size(), 1U);
  EXPECT_EQ(letter.logged_at, broken.logged_at);
  EXPECT_EQ(letter.failed_at, at("2025-06-01T00:00:00Z"));
}

TEST(SortRecords, NamesEachNewTypeOnce) {
  auto types = known({"a"});
  const auto sorted = sort({record(1, order("u1", "o1", "b")), record(2, order("u1", "o2", "b")),
                            record(3, order("u1", "o3", "c"))},
                           types);
  EXPECT_THAT(sorted.new_types, ElementsAre(MenuType("b"), MenuType("c")));
  EXPECT_EQ(sorted.batch.orders.size(), 3U);
}

TEST(SortRecords, RefusesATypeBeyondTheBoundButNotTheOrdersAroundIt) {
  auto types = known({"a"}, 2);
  const auto sorted = sort({record(1, order("u1", "o1", "b")), record(2, order("u1", "o2", "c")),
                            record(3, order("u1", "o3", "b"))},
                           types);
  EXPECT_THAT(sorted.new_types, ElementsAre(MenuType("b")));
  EXPECT_EQ(sorted.batch.orders.size(), 2U);
  ASSERT_EQ(sorted.dead_letters.size(), 1U);
  EXPECT_EQ(sorted.dead_letters[0].reason, "too_many_menu_types");
  EXPECT_EQ(sorted.dead_letters[0].value, "42");
  EXPECT_THAT(sorted.dead_letters[0].message, testing::HasSubstr("menu_types_max = 2"));
}

TEST(SortRecords, RefusesAnUnknownTypeWhereTheCatalogueIsFixed) {
  auto types = known({"a"});
  types.unknown = UnknownMenuTypes::refuse;
  const auto sorted =
      sort({record(1, order("u1", "o1", "a")), record(2, order("u1", "o2", "b"))}, types);
  EXPECT_EQ(sorted.batch.orders.size(), 1U);
  ASSERT_EQ(sorted.dead_letters.size(), 1U);
  EXPECT_EQ(sorted.dead_letters[0].reason, "unknown_menu_type");
}

TEST(SortRecords, NeverRefusesACancellationForItsType) {
  auto types = known({"a"}, 1);
  types.unknown = UnknownMenuTypes::refuse;
  Order cancelled = order("u1", "o1", "nonsense");
  cancelled.status = OrderStatus::cancelled;
  Order without_type = order("u1", "o2", "");
  without_type.status = OrderStatus::cancelled;
  const auto sorted = sort({record(1, cancelled), record(2, without_type)}, types);
  EXPECT_EQ(sorted.batch.orders.size(), 2U);
  EXPECT_THAT(sorted.dead_letters, IsEmpty());
  EXPECT_THAT(sorted.new_types, IsEmpty());
}

LogRecord replayed(std::uint64_t offset, std::uint64_t original, Order content,
                   std::uint32_t original_partition = 0) {
  LogRecord made = record(offset, std::move(content));
  made.original = {.partition = LogPartition(original_partition), .offset = LogOffset(original)};
  return made;
}

TEST(SortRecords, AReplayedOrderHasItsOriginalVersionAndItsNewMark) {
  const auto sorted = sort({replayed(9, 2, order("u1", "o1", "a"))}, known({"a"}));
  ASSERT_EQ(sorted.batch.orders.size(), 1U);
  EXPECT_EQ(sorted.batch.orders[0].stored.version, Version(2));
  ASSERT_EQ(sorted.batch.marks.size(), 1U);
  EXPECT_EQ(sorted.batch.marks[0].position.offset, LogOffset(9));
}

TEST(SortRecords, VersionsOfAnotherPartitionAreNotCompared) {
  const auto sorted = sort({replayed(9, 2, order("u1", "o1", "a"), 5)}, known({"a"}));
  EXPECT_EQ(sorted.batch.orders.at(0).stored.version, Version(9));
}

TEST(SortRecords, AReplayedOrderThatIsRefusedIsTheLetterThatItWas) {
  auto types = known({"a"});
  types.unknown = UnknownMenuTypes::refuse;
  const auto sorted = sort({replayed(9, 2, order("u1", "o1", "b"))}, types);
  ASSERT_EQ(sorted.dead_letters.size(), 1U);
  EXPECT_EQ(sorted.dead_letters[0].position.offset, LogOffset(2));
  ASSERT_EQ(sorted.letter_events.size(), 1U);
  const LetterEvent& event = sorted.letter_events[0];
  EXPECT_EQ(event.letter, sorted.dead_letters[0].position);
  EXPECT_EQ(event.kind, LetterEvent::Kind::failed_again);
  EXPECT_EQ(event.position->offset, LogOffset(9));
  EXPECT_EQ(event.reason, "unknown_menu_type");
}

TEST(JudgeRecords, NamesTheReasonThatMostOfThemHave) {
  auto types = known({"a"});
  types.unknown = UnknownMenuTypes::refuse;
  LogRecord broken = record(9, order("u", "o", "a"));
  broken.content = UnreadableRecord{.reason = "unreadable", .message = "first"};
  const std::vector<LogRecord> records = {broken, record(1, order("u1", "o1", "b")),
                                          record(2, order("u1", "o2", "a")),
                                          record(3, order("u1", "o3", "c"))};
  const Judgement judgement = judge_records(records, types);
  EXPECT_TRUE(judgement.asks_for_types());
  const CommonReason most = most_common_reason(judgement);
  EXPECT_EQ(most.records, 2U);
  EXPECT_EQ(most.first->reason, "unknown_menu_type");
  EXPECT_THAT(most.first->message, testing::HasSubstr("\"b\""));
  EXPECT_EQ(most_common_reason({}).records, 0U);
}

}  // namespace
}  // namespace konomi::consume
