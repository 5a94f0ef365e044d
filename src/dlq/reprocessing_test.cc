#include "dlq/reprocessing.h"

#include "adapters/memory/engine.h"
#include "domain/timestamp.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace konomi::dlq {
namespace {

using Kind = Outcome::Kind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr BucketCount kBuckets{4};

Timestamp noon() {
  return parse_rfc3339("2025-05-31T12:00:00+09:00").value();
}

LogPosition at(std::uint64_t offset) {
  return {.partition = LogPartition(0), .offset = LogOffset(offset)};
}

Order order(const std::string& user, const std::string& id, const std::string& type) {
  return {.user_id = UserId(user),
          .order_id = OrderId(id),
          .ordered_at = noon(),
          .menu_type = MenuType(type)};
}

// A log, a consumer that refuses unknown types, and what it could not store.
class ReprocessingTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(engine_.settings_store().put_data_settings(
        {.time_zone = "Asia/Tokyo", .bucket_count = kBuckets}));
    reader_ = engine_.open_reader().value();
  }

  void append(std::vector<Order> orders) {
    engine_.order_log().append(std::move(orders),
                               [](const Result<void>& done) { ASSERT_TRUE(done); });
    store();
  }
  void append_line(const std::string& value) {
    const auto kind = value.starts_with('{') ? "invalid_order" : "unreadable";
    engine_.append_unreadable(LogPartition(0), {.reason = kind, .message = "why"},
                              {.key = "k", .value = value});
    store();
  }
  // What the role consume does, as far as it matters here: a type that is not in the catalogue is
  // refused, and a replayed order has the version of its first position.
  void store() {
    std::set<MenuType> known;
    const auto entries = engine_.settings_store().menu_types().value();
    for (const MenuTypeEntry& entry : entries) known.insert(entry.id);
    const auto records = reader_->poll(1'000, std::chrono::milliseconds(0), {}).value();
    for (const LogRecord& record : records) {
      const auto* found = std::get_if<Order>(&record.content);
      if (found == nullptr) {
        const auto& why = std::get<UnreadableRecord>(record.content);
        put_letter(record, why.reason, why.message);
      } else if (found->status == OrderStatus::placed && !known.contains(found->menu_type)) {
        put_letter(record, "unknown_menu_type", found->menu_type.value() + " is unknown");
      } else {
        const LogPosition version = record.original.value_or(record.position);
        ASSERT_TRUE(engine_.order_store().put(
            {.orders = {
                 {.day = calendar_.day_of(found->ordered_at),
                  .bucket = bucket_of(found->user_id, kBuckets),
                  .stored = {.order = *found, .version = Version(version.offset.value())}}}}));
      }
    }
  }
  void put_letter(const LogRecord& record, const std::string& reason, const std::string& message) {
    const RawRecord raw = reader_->raw(record.position).value();
    ASSERT_TRUE(engine_.dead_letters().put({{.position = record.original.value_or(record.position),
                                             .key = raw.key,
                                             .value = raw.value,
                                             .reason = reason,
                                             .message = message,
                                             .failed_at = clock_.now()}}));
    if (!record.original) return;
    ASSERT_TRUE(engine_.dead_letters().add({{.letter = *record.original,
                                             .kind = LetterEvent::Kind::failed_again,
                                             .at = clock_.now(),
                                             .position = record.position,
                                             .reason = reason,
                                             .text = message}}));
  }

  std::vector<Order> stored(const std::string& user, const std::string& day = "2025-05-31") {
    std::vector<Order> orders;
    const auto rows = engine_.order_store()
                          .orders_of(UserId(user), bucket_of(UserId(user), kBuckets),
                                     parse_business_day(day).value(), std::nullopt, 100)
                          .value();
    for (const StoredOrder& row : rows) orders.push_back(row.order);
    return orders;
  }
  std::uint64_t waiting() { return engine_.dead_letters().count_waiting().value(); }

  std::vector<Kind> replay(const Selection& selection, const Fix& fix, bool dry_run = false) {
    const auto report = letters_.replay(selection, fix, dry_run);
    EXPECT_TRUE(report) << report.error().message;
    std::vector<Kind> kinds;
    for (const Outcome& outcome : report->outcomes) kinds.push_back(outcome.kind);
    store();
    return kinds;
  }

  const Fix rename_{.renamed_menu_types = {{MenuType("washok"), MenuType("washoku")}},
                    .edited = {}};
  ManualClock clock_{noon()};
  memory::MemoryEngine engine_{clock_};
  BusinessCalendar calendar_ =
      BusinessCalendar::make("Asia/Tokyo", std::chrono::minutes(0)).value();
  Metrics metrics_;
  std::unique_ptr<OrderLogReader> reader_;
  Reprocessing letters_{{.dead_letters = engine_.dead_letters(),
                         .order_log = engine_.order_log(),
                         .settings = engine_.settings_store()},
                        calendar_,
                        metrics_,
                        clock_,
                        {.unknown_menu_types = UnknownMenuTypes::refuse,
                         .letters_max = 3,
                         .letters_read_max = 1'000}};
};

TEST_F(ReprocessingTest, ARuleMendsEveryLetterThatItFits) {
  append({order("u1", "o1", "washok"), order("u2", "o2", "ramen"), order("u3", "o3", "washok")});
  EXPECT_EQ(waiting(), 3U);
  EXPECT_THAT(replay({}, rename_), ElementsAre(Kind::replayed, Kind::failed_again, Kind::replayed));
  EXPECT_THAT(stored("u1"), ElementsAre(order("u1", "o1", "washoku")));
  EXPECT_THAT(stored("u2"), IsEmpty());
  EXPECT_EQ(waiting(), 1U);
  const DeadLetter failed = letters_.show(at(1)).value();
  EXPECT_EQ(attempts_of(failed), 2U);
  EXPECT_EQ(last_failure(failed).reason, "unknown_menu_type");
  const DeadLetter done = letters_.show(at(0)).value();
  ASSERT_THAT(done.history, SizeIs(1));
  EXPECT_EQ(done.history[0].kind, LetterEvent::Kind::replayed);
  EXPECT_EQ(done.history[0].position, at(3));
  EXPECT_EQ(done.history[0].text, R"(menu_type "washok" is now "washoku")");
  EXPECT_THAT(metrics_.exposition(),
              AllOf(HasSubstr("konomi_dlq_letters_total{outcome=\"replayed\"} 2\n"),
                    HasSubstr("konomi_dlq_letters_total{outcome=\"failed_again\"} 1\n")));
}

TEST_F(ReprocessingTest, ADryRunSaysWhatWouldChangeAndChangesNothing) {
  append({order("u1", "o1", "washok"), order("u2", "o2", "ramen")});
  const auto end = engine_.order_log().ends().value();
  const auto report = letters_.replay({}, rename_, true).value();
  ASSERT_THAT(report.outcomes, SizeIs(2));
  EXPECT_EQ(report.outcomes[0].kind, Kind::replayed);
  EXPECT_EQ(report.outcomes[0].order, order("u1", "o1", "washoku"));
  EXPECT_THAT(report.outcomes[0].changes,
              ElementsAre(FieldChange{"menu_type", "washok", "washoku"}));
  EXPECT_EQ(report.outcomes[0].position, std::nullopt);
  EXPECT_EQ(report.outcomes[1].kind, Kind::failed_again);
  EXPECT_EQ(engine_.order_log().ends().value(), end);
  EXPECT_EQ(waiting(), 2U);
  EXPECT_THAT(letters_.show(at(1)).value().history, IsEmpty());
}

TEST_F(ReprocessingTest, ReplayedTwiceIsOnceAndUndoesNoCorrection) {
  append({order("u1", "o1", "washok")});
  append({order("u1", "o1", "yoshoku")});
  EXPECT_THAT(replay({.letters = {at(0)}}, rename_), ElementsAre(Kind::replayed));
  EXPECT_THAT(stored("u1"), ElementsAre(order("u1", "o1", "yoshoku"))) << "the correction stays";
  const auto again = letters_.replay({.letters = {at(0)}}, rename_, false).value();
  EXPECT_EQ(again.outcomes.at(0).kind, Kind::skipped);
  EXPECT_THAT(again.outcomes.at(0).message, HasSubstr("replayed"));
  EXPECT_THAT(replay({}, rename_), IsEmpty());
}

TEST_F(ReprocessingTest, AnEndBeforeTheLetterIsMarkedIsHarmless) {
  append({order("u1", "o1", "washok")});
  engine_.fail_next("dead_letters.add", 1,
                    {.error = {.code = ErrorCode::unavailable, .message = "away"}});
  const auto failed = letters_.replay({}, rename_, false);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("counts nothing twice"));
  append({order("u1", "o1", "yoshoku")});
  EXPECT_EQ(waiting(), 1U);
  EXPECT_THAT(replay({}, rename_), ElementsAre(Kind::replayed));
  EXPECT_THAT(stored("u1"), ElementsAre(order("u1", "o1", "yoshoku")));
}

TEST_F(ReprocessingTest, ALogThatRefusesLeavesTheLettersWaiting) {
  append({order("u1", "o1", "washok")});
  engine_.fail_next("order_log.replay", 1,
                    {.error = {.code = ErrorCode::storage_full, .message = "no room"}});
  const auto refused = letters_.replay({}, rename_, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
  EXPECT_EQ(waiting(), 1U);
  EXPECT_THAT(letters_.show(at(0)).value().history, IsEmpty());
}

TEST_F(ReprocessingTest, ALineIsEditedAndKeepsTheIdOfItsPlace) {
  append_line("u1,2025-05-31T12:00:00+09:00");
  const Fix edit{
      .renamed_menu_types = {},
      .edited = {
          .user_id = "u1", .ordered_at = "2025-05-31T12:00:00+09:00", .menu_type = "washoku"}};
  EXPECT_THAT(replay({.letters = {at(0)}}, {}), ElementsAre(Kind::failed_again));
  EXPECT_THAT(replay({.letters = {at(0)}}, edit), ElementsAre(Kind::replayed));
  EXPECT_THAT(stored("u1"), ElementsAre(order("u1", "p0-o0", "washoku")));
  const auto wrong = letters_.replay({}, edit, false);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
}

TEST_F(ReprocessingTest, AnEditMustPassTheChecksOfAPostedOrder) {
  append({order("u1", "o1", "washok")});
  const Fix edit{.renamed_menu_types = {}, .edited = {.ordered_at = "2099-01-01T00:00:00Z"}};
  const auto report = letters_.replay({.letters = {at(0)}}, edit, false).value();
  EXPECT_EQ(report.outcomes.at(0).kind, Kind::failed_again);
  EXPECT_EQ(report.outcomes.at(0).reason, "invalid_order");
  EXPECT_THAT(report.outcomes.at(0).message, HasSubstr("ordered_at"));
}

TEST_F(ReprocessingTest, AnotherDayOrUserMakesAnotherOrder) {
  append({order("u1", "o1", "washok"), order("u2", "o2", "washok"), order("u3", "o3", "washok")});
  Fix edit = rename_;
  edit.edited.ordered_at = "2025-05-30T12:00:00+09:00";
  ASSERT_THAT(replay({.letters = {at(0)}}, edit), ElementsAre(Kind::replayed));
  edit.edited = {.user_id = "u9"};
  ASSERT_THAT(replay({.letters = {at(1)}}, edit), ElementsAre(Kind::replayed));
  edit.edited = {.ordered_at = "2025-05-31T18:00:00+09:00"};
  ASSERT_THAT(replay({.letters = {at(2)}}, edit), ElementsAre(Kind::replayed));
  const auto reader = engine_.open_reader().value();
  const auto records = reader->poll(10, std::chrono::milliseconds(0), {}).value();
  ASSERT_THAT(records, SizeIs(6));
  EXPECT_EQ(records[3].original, std::nullopt);
  EXPECT_EQ(records[4].original, std::nullopt);
  EXPECT_EQ(records[5].original, at(2)) << "the same user and day";
  EXPECT_THAT(stored("u1", "2025-05-30"), SizeIs(1));
  EXPECT_THAT(stored("u9"), SizeIs(1));
}

TEST_F(ReprocessingTest, WhatTheConsumerRefusesWaitsAgain) {
  append({order("u1", "o1", "washok")});
  // A konomi with another setting than the one that stores.
  Reprocessing lenient({.dead_letters = engine_.dead_letters(),
                        .order_log = engine_.order_log(),
                        .settings = engine_.settings_store()},
                       calendar_, metrics_, clock_, {});
  const Fix soba{.renamed_menu_types = {{MenuType("washok"), MenuType("soba")}}, .edited = {}};
  ASSERT_EQ(lenient.replay({}, soba, false).value().outcomes.at(0).kind, Kind::replayed);
  EXPECT_EQ(waiting(), 0U);
  store();
  EXPECT_EQ(waiting(), 1U);
  EXPECT_THAT(last_failure(letters_.show(at(0)).value()).message, HasSubstr("soba"));
  ASSERT_TRUE(engine_.settings_store().add_menu_types({MenuType("washok")}));
  EXPECT_THAT(replay({}, {}), ElementsAre(Kind::replayed)) << "as it was: the type is known now";
  EXPECT_THAT(stored("u1"), ElementsAre(order("u1", "o1", "washok")));
}

TEST_F(ReprocessingTest, ADiscardedLetterWaitsNoMoreAndSaysWhy) {
  append({order("u1", "o1", "washok"), order("u2", "o2", "washok")});
  const auto dry = letters_.discard({.letters = {at(0)}}, "a test", true).value();
  EXPECT_EQ(dry.outcomes.at(0).kind, Kind::discarded);
  EXPECT_EQ(waiting(), 2U);
  EXPECT_EQ(letters_.discard({.letters = {at(0), at(9)}}, "a test", false).value().outcomes.size(),
            2U);
  EXPECT_EQ(waiting(), 1U);
  EXPECT_EQ(letters_.show(at(0)).value().history.at(0).text, "a test");
  const auto again = letters_.discard({.letters = {at(0), at(9)}}, "another", false).value();
  EXPECT_EQ(again.outcomes.at(0).kind, Kind::not_found);
  EXPECT_EQ(again.outcomes.at(1).kind, Kind::skipped);
  EXPECT_THAT(again.outcomes.at(1).message, HasSubstr("a test"));
  EXPECT_THAT(replay({}, rename_), ElementsAre(Kind::replayed)) << "not the discarded one";
  EXPECT_THAT(replay({.letters = {at(0)}}, rename_), ElementsAre(Kind::replayed)) << "by name";
  EXPECT_EQ(letters_.show(at(9)).error().code, ErrorCode::not_found);
}

TEST_F(ReprocessingTest, FiltersByReasonTimeAndType) {
  append({order("u1", "o1", "washok")});
  clock_.advance(std::chrono::hours(1));
  append_line("nonsense");
  append({order("u2", "o2", "ramen")});
  const auto found = [&](const LetterFilter& filter) {
    std::vector<std::uint64_t> offsets;
    const auto page = letters_.list(filter, LetterState::waiting, std::nullopt, 100).value();
    for (const DeadLetter& letter : page.letters) offsets.push_back(letter.position.offset.value());
    return offsets;
  };
  EXPECT_THAT(found({}), ElementsAre(0, 1, 2));
  EXPECT_THAT(found({.reason = "unreadable"}), ElementsAre(1));
  EXPECT_THAT(found({.menu_type = MenuType("ramen")}), ElementsAre(2));
  EXPECT_THAT(found({.until = clock_.now()}), ElementsAre(0));
  EXPECT_THAT(found({.since = clock_.now()}), ElementsAre(1, 2));
}

TEST_F(ReprocessingTest, OneCallDealsWithABoundedNumberAndSaysWhereToGoOn) {
  std::vector<Order> orders;
  for (int i = 0; i < 8; ++i) orders.push_back(order("u", fmt::format("o{}", i), "washok"));
  append(std::move(orders));
  Selection selection;
  int calls = 0;
  do {
    const auto report = letters_.replay(selection, rename_, false).value();
    EXPECT_LE(report.outcomes.size(), 3U);
    selection.after = report.next_after;
    ++calls;
  } while (selection.after);
  EXPECT_EQ(calls, 3);
  store();
  EXPECT_THAT(stored("u"), SizeIs(8));
  EXPECT_FALSE(letters_.replay({.letters = {at(0), at(1), at(2), at(3)}}, {}, false));
}

TEST_F(ReprocessingTest, ACancellationNeedsNoType) {
  Order cancelled = order("u1", "o1", "");
  cancelled.status = OrderStatus::cancelled;
  append_line(R"({"order_id":"o1","user_id":"u1","ordered_at":"2025-05-31T12:00:00+09:00",)"
              R"("status":"canceled"})");
  EXPECT_THAT(replay({}, {}), ElementsAre(Kind::failed_again));
  const Fix edit{.renamed_menu_types = {}, .edited = {.status = "cancelled"}};
  EXPECT_THAT(replay({.letters = {at(0)}}, edit), ElementsAre(Kind::replayed));
  EXPECT_THAT(stored("u1"), ElementsAre(cancelled));
}

}  // namespace
}  // namespace konomi::dlq
