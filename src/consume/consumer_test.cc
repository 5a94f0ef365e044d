#include "consume/consumer.h"

#include "adapters/memory/engine.h"
#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace konomi::consume {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr BucketCount kBuckets{4};

Timestamp noon() {
  return parse_rfc3339("2025-05-31T12:00:00+09:00").value();
}

Order order(const std::string& user, const std::string& id, const std::string& type) {
  return {.user_id = UserId(user),
          .order_id = OrderId(id),
          .ordered_at = noon(),
          .menu_type = MenuType(type)};
}

class ConsumerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Where a user's orders are found by the user alone, the store goes by these.
    ASSERT_TRUE(engine_.settings_store().put_data_settings(
        {.time_zone = "Asia/Tokyo", .bucket_count = kBuckets}));
    start_again();
  }

  // As a process does that was killed: nothing is left but what is stored.
  void start_again() {
    consumer_.reset();
    reader_ = engine_.open_reader().value();
    consumer_.emplace(ConsumerPorts{*reader_, engine_.order_store(), engine_.dead_letters(),
                                    engine_.settings_store()},
                      calendar_, kBuckets, metrics_, clock_, options_);
  }

  void append(std::vector<Order> orders) {
    engine_.order_log().append(std::move(orders),
                               [](const Result<void>& done) { ASSERT_TRUE(done); });
  }

  Result<std::size_t> step() { return consumer_->step({}); }

  std::vector<std::string> stored_ids() {
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < kBuckets.value(); ++i) {
      const auto cursor = engine_.order_store().scan(calendar_.day_of(noon()), Bucket(i)).value();
      std::vector<StoredOrder> rows;
      while (cursor->next(rows, 100) && !rows.empty()) {
        for (const StoredOrder& row : rows) ids.push_back(row.order.order_id.value());
      }
    }
    std::ranges::sort(ids);
    return ids;
  }

  std::vector<DeadLetter> letters() {
    return engine_.dead_letters().list(nullptr, 1'000, std::nullopt).value();
  }

  Watermark watermark() { return engine_.order_store().watermarks().value()[LogPartition(0)]; }

  void fail(std::string_view call, int calls, ErrorCode code, bool after_effect = false) {
    engine_.fail_next(
        call, calls,
        {.error = {.code = code, .message = "as the test wants it"}, .after_effect = after_effect});
  }

  ManualClock clock_{noon()};
  memory::MemoryEngine engine_{clock_};
  BusinessCalendar calendar_ = BusinessCalendar::make("Asia/Tokyo", minutes(0)).value();
  Metrics metrics_;
  ConsumerOptions options_{.poll_wait = milliseconds(0),
                           .menu_types_max = 4,
                           .retry_first = milliseconds(1),
                           .retry_max = milliseconds(2)};
  std::unique_ptr<OrderLogReader> reader_;
  std::optional<Consumer> consumer_;
};

TEST_F(ConsumerTest, StoresWhatWasAppendedAndMovesTheWatermark) {
  append({order("u1", "o1", "washoku"), order("u2", "o2", "yoshoku")});
  EXPECT_EQ(step().value(), 2U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
  EXPECT_EQ(watermark().next_offset, LogOffset(2));
  EXPECT_EQ(watermark().stored_up_to, noon());
  EXPECT_EQ(step().value(), 0U);
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_stored_total 2"));
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_batch_duration_seconds_count 1\n"));
}

TEST_F(ConsumerTest, TheLaterOfTwoOrdersWithOneIdentityStays) {
  append({order("u1", "o1", "washoku"), order("u1", "o1", "yoshoku")});
  ASSERT_EQ(step().value(), 2U);
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  append({order("u1", "o1", "chuka")});
  ASSERT_EQ(step().value(), 3U);
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  ASSERT_TRUE(step());
  const auto stored = engine_.order_store()
                          .orders_of(UserId("u1"), bucket_of(UserId("u1"), kBuckets),
                                     calendar_.day_of(noon()), std::nullopt, 10)
                          .value();
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].order.menu_type, MenuType("chuka"));
  EXPECT_EQ(stored[0].version, Version(2));
}

TEST_F(ConsumerTest, AddsNewTypesToTheCatalogueBeforeTheirOrders) {
  append({order("u1", "o1", "chuka")});
  fail("order_store.put", 1, ErrorCode::unavailable);
  EXPECT_FALSE(step());
  const auto types = engine_.settings_store().menu_types().value();
  EXPECT_TRUE(std::ranges::any_of(
      types, [](const MenuTypeEntry& entry) { return entry.id == MenuType("chuka"); }));
  EXPECT_THAT(stored_ids(), IsEmpty());
}

TEST_F(ConsumerTest, SeesTypesThatOthersAdded) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  ASSERT_TRUE(engine_.settings_store().add_menu_types({MenuType("c"), MenuType("d")}));
  append({order("u1", "o2", "c"), order("u1", "o3", "e")});
  ASSERT_TRUE(step());
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2")) << "the catalogue of 4 is full";
  const auto kept = letters();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].reason, "too_many_menu_types");
  EXPECT_THAT(metrics_.exposition(),
              HasSubstr("konomi_consume_dead_letters_total{reason=\"too_many_menu_types\"} 1"));
}

TEST_F(ConsumerTest, KeepsADeadLetterBeforeItPassesTheRecord) {
  engine_.append_unreadable(LogPartition(0), {.reason = "unreadable"}, {.value = "\x01"});
  append({order("u1", "o1", "washoku")});
  fail("dead_letters.put", 1, ErrorCode::unavailable);
  EXPECT_FALSE(step());
  EXPECT_EQ(watermark().next_offset, LogOffset(0));
  EXPECT_THAT(stored_ids(), IsEmpty());
  EXPECT_EQ(step().value(), 2U);
  EXPECT_EQ(engine_.dead_letters().count_waiting().value(), 1U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1"));
}

TEST_F(ConsumerTest, WritesAFailedBatchAgainBeforeItReadsOn) {
  append({order("u1", "o1", "washoku")});
  fail("order_store.put", 3, ErrorCode::timed_out, true);
  for (int i = 0; i < 3; ++i) {
    const auto failed = step();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::timed_out);
  }
  append({order("u2", "o2", "washoku")});
  EXPECT_EQ(step().value(), 1U) << "the batch that failed, and nothing else";
  EXPECT_EQ(step().value(), 1U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
}

// Each kind of call of a step fails once, before or after its effect; then the step is repeated by
// this consumer or by a new one.
TEST_F(ConsumerTest, LosesNothingWhateverCallFails) {
  const std::vector<std::string> calls{"order_log_reader.poll",  "settings_store.menu_types",
                                       "order_store.watermarks", "settings_store.add_menu_types",
                                       "order_log_reader.raw",   "dead_letters.put",
                                       "order_store.put",        "order_log_reader.commit"};
  std::vector<std::string> expected;
  int n = 0;
  for (const bool after_effect : {false, true}) {
    for (const bool killed : {false, true}) {
      for (const std::string& call : calls) {
        start_again();
        const std::string id = "o" + std::to_string(100 + n++);
        engine_.append_unreadable(LogPartition(0), {.reason = "unreadable"});
        append({order("u1", id, n % 2 == 0 ? "chuka" : "cafe")});
        expected.push_back(id);
        fail(call, 1, ErrorCode::timed_out, after_effect);
        (void)step();
        if (killed) start_again();
        for (int i = 0; i < 3; ++i) (void)step();
        ASSERT_EQ(watermark().next_offset, LogOffset(static_cast<std::uint64_t>(2 * n)))
            << call << (after_effect ? " after" : " before") << (killed ? " killed" : "");
      }
    }
  }
  EXPECT_EQ(stored_ids(), expected);
  EXPECT_EQ(engine_.dead_letters().count_waiting().value(), static_cast<std::uint64_t>(n));
}

TEST_F(ConsumerTest, StoresRedeliveredRecordsWithoutCountingThemTwice) {
  append({order("u1", "o1", "washoku"), order("u1", "o2", "washoku")});
  ASSERT_TRUE(step());
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  EXPECT_EQ(step().value(), 2U);
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
  EXPECT_EQ(watermark().next_offset, LogOffset(2));
}

TEST_F(ConsumerTest, AnEmptyPollSaysThatTheLogIsReadUpToAMinuteAgo) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  clock_.advance(minutes(10));
  ASSERT_EQ(step().value(), 0U);
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9));
  EXPECT_EQ(watermark().next_offset, LogOffset(1));
}

TEST_F(ConsumerTest, SaysSoAtMostEveryFewSecondsAndNeverGoesBack) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon()) << "a minute ago is before the last record";
  clock_.advance(minutes(10));
  ASSERT_TRUE(step());
  clock_.advance(seconds(4));
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9));
  clock_.advance(seconds(1));
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9) + seconds(5));
}

TEST_F(ConsumerTest, AnEmptyPollBecauseOfAStopSaysNothing) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  clock_.advance(minutes(10));
  std::stop_source stop;
  stop.request_stop();
  ASSERT_TRUE(consumer_->step(stop.get_token()));
  EXPECT_EQ(watermark().stored_up_to, noon());
}

TEST_F(ConsumerTest, ANewConsumerDoesNotTakeTheWatermarkBack) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(step());
  clock_.advance(minutes(10));
  ASSERT_TRUE(step());
  start_again();
  clock_.set(noon());
  ASSERT_TRUE(step());
  EXPECT_EQ(watermark().stored_up_to, noon() + minutes(9));
}

TEST_F(ConsumerTest, ALetterHoldsTheBytesOfTheLog) {
  options_.unknown_menu_types = UnknownMenuTypes::refuse;
  start_again();
  const RawRecord raw{.key = std::string("k\0y", 3),
                      .value = std::string("\xff\x00{", 3),
                      .headers = {{"h", "1"}, {"h", ""}}};
  engine_.append_unreadable(LogPartition(0), {.reason = "unreadable", .message = "why"}, raw);
  append({order("u1", "o1", "ramen")});
  ASSERT_EQ(step().value(), 2U);
  const auto kept = letters();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].key, raw.key);
  EXPECT_EQ(kept[0].value, raw.value);
  EXPECT_EQ(kept[0].headers, raw.headers);
  EXPECT_EQ(kept[0].message, "why");
  EXPECT_EQ(kept[1].key, "u1");
  EXPECT_EQ(kept[1].value,
            R"({"v":1,"order_id":"o1","user_id":"u1","ordered_at":"2025-05-31T03:00:00.000Z",)"
            R"("menu_type":"ramen","status":"placed"})");
}

TEST_F(ConsumerTest, EveryWayOutHasACounter) {
  options_.unknown_menu_types = UnknownMenuTypes::refuse;
  start_again();
  for (const std::string reason : {"unreadable", "invalid_order"})
    engine_.append_unreadable(LogPartition(0), {.reason = reason});
  append({order("u1", "o1", "washoku"), order("u1", "o2", "ramen")});
  ASSERT_EQ(step().value(), 4U);
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_stored_total 1\n"));
  for (const std::string reason : {"unreadable", "invalid_order", "unknown_menu_type"}) {
    EXPECT_THAT(metrics_.exposition(),
                HasSubstr("konomi_consume_dead_letters_total{reason=\"" + reason + "\"} 1\n"));
  }
}

TEST_F(ConsumerTest, AReplayNeverUndoesALaterCorrection) {
  append({order("u1", "o1", "misspelt"), order("u1", "o1", "yoshoku")});
  ASSERT_TRUE(step());
  const LogPosition original{LogPartition(0), LogOffset(0)};
  ASSERT_TRUE(engine_.order_log().replay({{order("u1", "o1", "washoku"), original}}));
  ASSERT_TRUE(engine_.order_log().replay({{order("u1", "o1", "washoku"), original}}));
  ASSERT_EQ(step().value(), 2U);
  const auto stored = engine_.order_store()
                          .orders_of(UserId("u1"), bucket_of(UserId("u1"), kBuckets),
                                     calendar_.day_of(noon()), std::nullopt, 10)
                          .value();
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].order.menu_type, MenuType("yoshoku"));
}

TEST_F(ConsumerTest, AReplayThatIsRefusedWaitsAgainAsTheLetterItWas) {
  options_.unknown_menu_types = UnknownMenuTypes::refuse;
  start_again();
  append({order("u1", "o1", "ramen")});
  ASSERT_TRUE(step());
  const LogPosition original{LogPartition(0), LogOffset(0)};
  const auto became = engine_.order_log().replay({{order("u1", "o1", "soba"), original}}).value();
  ASSERT_TRUE(engine_.dead_letters().add({{.letter = original,
                                           .kind = LetterEvent::Kind::replayed,
                                           .at = noon(),
                                           .position = became.at(0)}}));
  EXPECT_EQ(engine_.dead_letters().count_waiting().value(), 0U);
  fail("dead_letters.add", 1, ErrorCode::timed_out, true);
  ASSERT_FALSE(step());
  ASSERT_TRUE(step());
  const auto kept = letters();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(state_of(kept[0].history), LetterState::waiting);
  EXPECT_EQ(attempts_of(kept[0]), 2U);
  EXPECT_THAT(last_failure(kept[0]).message, HasSubstr("soba"));
}

class OutageTest : public ConsumerTest {
 protected:
  void SetUp() override {
    ConsumerTest::SetUp();
    options_.unknown_menu_types = UnknownMenuTypes::refuse;
    start_again();
  }

  void append_refused(int orders) {
    std::vector<Order> batch;
    for (int i = 0; i < orders; ++i)
      batch.push_back(order("u", "r" + std::to_string(100 + i), "ramen"));
    append(std::move(batch));
  }
  void append_good(int orders) {
    std::vector<Order> batch;
    for (int i = 0; i < orders; ++i)
      batch.push_back(order("u", "g" + std::to_string(100 + i), "washoku"));
    append(std::move(batch));
  }
};

TEST_F(OutageTest, IsDecidedBeforeAnythingIsWritten) {
  append_good(9);
  append_refused(11);
  const auto held = step();
  ASSERT_FALSE(held);
  EXPECT_TRUE(is_transient(held.error().code));
  EXPECT_THAT(held.error().message,
              AllOf(HasSubstr("11 of 20 records"), HasSubstr("unknown_menu_type"),
                    HasSubstr("\"ramen\""), HasSubstr("poison_percent_max = 100")));
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_THAT(stored_ids(), IsEmpty());
  EXPECT_EQ(watermark().next_offset, LogOffset(0));
}

TEST_F(OutageTest, HalfOfABatchOrASmallBatchIsPoison) {
  append_good(10);
  append_refused(10);
  EXPECT_EQ(step().value(), 20U);
  EXPECT_EQ(letters().size(), 10U);
  append_refused(19);
  EXPECT_EQ(step().value(), 19U);
}

TEST_F(OutageTest, DifferentReasonsAreNoOutage) {
  append_refused(10);
  for (int i = 0; i < 10; ++i) engine_.append_unreadable(LogPartition(0), {.reason = "unreadable"});
  EXPECT_EQ(step().value(), 20U);
}

TEST_F(OutageTest, EndsWhenItIsMended) {
  append_refused(30);
  ASSERT_FALSE(step());
  ASSERT_FALSE(step());
  ASSERT_TRUE(engine_.settings_store().add_menu_types({MenuType("ramen")}));
  EXPECT_EQ(step().value(), 30U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(stored_ids().size(), 30U);
}

TEST_F(OutageTest, AnOperatorMayLetItPass) {
  options_.poison_percent_max = 100;
  start_again();
  append_refused(30);
  EXPECT_EQ(step().value(), 30U);
  EXPECT_EQ(letters().size(), 30U);
}

TEST_F(OutageTest, LosesNothingWhenTheConsumerIsKilledMeanwhile) {
  append_refused(30);
  ASSERT_FALSE(step());
  start_again();
  append_good(1);
  ASSERT_FALSE(step());
  ASSERT_TRUE(engine_.settings_store().add_menu_types({MenuType("ramen")}));
  while (step().value() > 0) {
  }
  EXPECT_EQ(stored_ids().size(), 31U);
}

TEST_F(ConsumerTest, AnErasureTakesWhatIsOlderAndLeavesWhatIsNewer) {
  append({order("u1", "o1", "washoku"), order("u2", "o2", "washoku")});
  const auto position = engine_.order_log().append_erasure({UserId("u1")}).value();
  append({order("u1", "o3", "washoku")});
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), ElementsAre("o2", "o3"));
  EXPECT_EQ(watermark().next_offset, LogOffset(4));
  const auto erasures = engine_.order_store().erasures(bucket_of(UserId("u1"), kBuckets)).value();
  ASSERT_EQ(erasures.size(), 1U);
  EXPECT_EQ(erasures[0].position, position);
  EXPECT_EQ(erasures[0].removed.orders, 1U);
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_erasures_total 1\n"));
}

TEST_F(ConsumerTest, AnErasureTakesTheUsersDeadLetters) {
  options_.unknown_menu_types = UnknownMenuTypes::refuse;
  start_again();
  append({order("u1", "o1", "soba"), order("u2", "o2", "soba")});
  ASSERT_TRUE(engine_.order_log().append_erasure({UserId("u1")}));
  while (step().value() > 0) {
  }
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].key, "u2");
  const auto erasures = engine_.order_store().erasures(bucket_of(UserId("u1"), kBuckets)).value();
  EXPECT_EQ(erasures.at(0).removed.dead_letters, 1U);
}

TEST_F(ConsumerTest, NothingOlderThanAnErasureIsStoredAgain) {
  append({order("u1", "o1", "washoku"), order("u2", "o2", "washoku")});
  ASSERT_TRUE(engine_.order_log().append_erasure({UserId("u1")}));
  while (step().value() > 0) {
  }
  // Delivered again.
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), ElementsAre("o2"));
  // A dead letter of an older position, replayed to a process that knows of no erasure.
  start_again();
  const LogPosition old{LogPartition(0), LogOffset(0)};
  ASSERT_TRUE(engine_.order_log().replay({{order("u1", "o1", "washoku"), old}}));
  ASSERT_TRUE(engine_.order_log().replay({{order("u1", "o4", "washoku"), std::nullopt}}));
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), ElementsAre("o2", "o4"));
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_erased_total 2\n"));
}

// The embedded store would not hide an order that is older than an erasure that it holds.
TEST_F(ConsumerTest, AnEarlierErasureThatComesAgainDoesNotReplaceALaterOne) {
  append({order("u1", "o1", "washoku")});
  ASSERT_TRUE(engine_.order_log().append_erasure({UserId("u1")}));
  append({order("u1", "o2", "washoku")});
  ASSERT_TRUE(engine_.order_log().append_erasure({UserId("u1")}));
  while (step().value() > 0) {
  }
  // Delivered again: o1 is older than the first erasure, o2 than the second one.
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), IsEmpty());
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_erased_total 2\n"));
}

TEST_F(ConsumerTest, AnErasureIsWholeWhicheverCallFails) {
  for (const char* call : {"dead_letters.erase", "order_store.erase", "order_store.put",
                           "order_store.erasures", "order_log_reader.commit"}) {
    for (const bool after_effect : {false, true}) {
      for (const bool killed : {false, true}) {
        append({order("u1", "o1", "washoku")});
        ASSERT_TRUE(engine_.order_log().append_erasure({UserId("u1")}));
        fail(call, 1, ErrorCode::unavailable, after_effect);
        for (int i = 0; i < 5; ++i) {
          if (!step() && killed) start_again();
        }
        fail(call, 0, ErrorCode::unavailable);
        while (step().value() > 0) {
        }
        EXPECT_THAT(stored_ids(), IsEmpty()) << call << after_effect << killed;
      }
    }
  }
}

TEST_F(ConsumerTest, AnOrderOfAnExpiredDayIsADeadLetter) {
  append({order("u1", "before", "washoku")});  // Logged before it is announced.
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(engine_.settings_store().put_expiry(
      {.before = calendar_.day_of(noon()) + std::chrono::days(1), .announced_at = clock_.now()}));
  Order cancelled = order("u1", "before", "washoku");
  cancelled.status = OrderStatus::cancelled;
  Order later = order("u1", "later", "washoku");
  later.ordered_at += std::chrono::hours(24);
  std::vector<Order> orders = {order("u1", "late", "washoku"), cancelled, later};
  // No outage, however many they are.
  for (int i = 0; i < 50; ++i) orders.push_back(order("u2", "l" + std::to_string(i), "washoku"));
  append(orders);
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), ElementsAre("before"));
  const auto refused = letters();
  ASSERT_EQ(refused.size(), 52U);
  EXPECT_EQ(refused[0].reason, "expired_day");
  EXPECT_THAT(refused[0].message, HasSubstr("before 2025-06-01"));
  EXPECT_EQ(refused[0].position.offset, LogOffset(1));
  EXPECT_EQ(refused[2].position.offset, LogOffset(4));
}

TEST_F(ConsumerTest, AnOrderOfADayThatHasLeftIsADeadLetterWhateverWasAnnouncedSince) {
  const BusinessDay day = calendar_.day_of(noon());
  const Expiry first{.before = day + std::chrono::days(1), .announced_at = clock_.now()};
  ASSERT_TRUE(engine_.settings_store().put_expiry(first));
  append({order("u1", "late", "washoku")});
  clock_.advance(std::chrono::hours(24));
  ASSERT_TRUE(engine_.settings_store().put_expiry({.before = first.before + std::chrono::days(1),
                                                   .announced_at = clock_.now(),
                                                   .earlier_before = first.before,
                                                   .earlier_announced_at = first.announced_at}));
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), IsEmpty());
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].reason, "expired_day");
}

TEST_F(ConsumerTest, WhatIsDeliveredAgainAfterItsDayExpiredIsPassedBy) {
  append({order("u1", "o1", "washoku")});
  while (step().value() > 0) {
  }
  const BusinessDay day = calendar_.day_of(noon());
  const Bucket bucket = bucket_of(UserId("u1"), kBuckets);
  ASSERT_TRUE(engine_.settings_store().put_expiry(
      {.before = day + std::chrono::days(1), .announced_at = clock_.now() + minutes(1)}));
  ASSERT_TRUE(engine_.order_store().remove_orders(day, bucket, {}));
  engine_.rewind_readers(LogPartition(0), LogOffset(0));
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), IsEmpty());
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_redelivered_total 1\n"));
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_consume_orders_erased_total 0\n"));
}

TEST_F(ConsumerTest, WhatAnotherConsumerHasStoredOfAnExpiredDayIsPassedBy) {
  append({order("u1", "o1", "washoku"), order("u1", "o2", "washoku")});
  ASSERT_TRUE(consumer_->step({}));
  clock_.advance(seconds(1));
  append({order("u1", "o3", "washoku")});
  ASSERT_TRUE(engine_.order_store().put(
      {.watermarks = {{LogPartition(0), {.next_offset = LogOffset(3), .stored_up_to = {}}}}}));
  ASSERT_TRUE(engine_.settings_store().put_expiry(
      {.before = calendar_.day_of(noon()) + std::chrono::days(1),
       .announced_at = clock_.now() + minutes(1)}));
  while (step().value() > 0) {
  }
  EXPECT_THAT(stored_ids(), ElementsAre("o1", "o2"));
  EXPECT_THAT(letters(), IsEmpty());
}

class RunningConsumerTest : public ConsumerTest {
 protected:
  // Every failed call of `call` is followed by a look at the status, without a sleep.
  void await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
};

TEST_F(RunningConsumerTest, RepeatsTransientFailuresUntilTheyEnd) {
  append({order("u1", "o1", "washoku")});
  std::atomic<bool> broken = true;
  std::atomic<int> attempts = 0;
  engine_.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    if (call != "order_store.put") return std::nullopt;
    ++attempts;
    if (!broken) return std::nullopt;
    return memory::Fault{.error = {.code = ErrorCode::storage_full, .message = "no room"}};
  });
  Result<void> outcome;
  {
    std::jthread thread([&](std::stop_token stop) { outcome = consumer_->run(stop); });
    await([&] { return attempts > 5; });
    await([&] { return consumer_->status().state == ConsumerStatus::State::retrying; });
    EXPECT_EQ(consumer_->status().last_error->code, ErrorCode::storage_full);
    broken = false;
    await([&] { return watermark().next_offset == LogOffset(1); });
    await([&] { return consumer_->status().state == ConsumerStatus::State::running; });
  }
  EXPECT_TRUE(outcome);
  engine_.decide_faults({});
  EXPECT_THAT(stored_ids(), ElementsAre("o1"));
  EXPECT_FALSE(consumer_->status().last_error);
}

TEST_F(RunningConsumerTest, SaysWhyItHoldsABatch) {
  options_.unknown_menu_types = UnknownMenuTypes::refuse;
  start_again();
  std::vector<Order> batch;
  for (int i = 0; i < 30; ++i) batch.push_back(order("u", std::to_string(i), "ramen"));
  append(std::move(batch));
  std::jthread thread([&](std::stop_token stop) { EXPECT_TRUE(consumer_->run(stop)); });
  await([&] { return consumer_->status().state == ConsumerStatus::State::retrying; });
  EXPECT_THAT(consumer_->status().last_error->message, HasSubstr("unknown_menu_type"));
  EXPECT_THAT(metrics_.exposition(),
              HasSubstr("konomi_consume_retrying{reason=\"unknown_menu_type\"} 1\n"));
  ASSERT_TRUE(engine_.settings_store().add_menu_types({MenuType("ramen")}));
  await([&] { return consumer_->status().state == ConsumerStatus::State::running; });
  EXPECT_THAT(metrics_.exposition(),
              HasSubstr("konomi_consume_retrying{reason=\"unknown_menu_type\"} 0\n"));
  thread.request_stop();
}

TEST_F(RunningConsumerTest, StopsWithinALongWait) {
  options_.retry_first = options_.retry_max = std::chrono::hours(1);
  start_again();
  append({order("u1", "o1", "washoku")});
  fail("order_store.put", 1000, ErrorCode::unavailable);
  std::jthread thread([&](std::stop_token stop) { EXPECT_TRUE(consumer_->run(stop)); });
  await([&] { return consumer_->status().state == ConsumerStatus::State::retrying; });
  thread.request_stop();
  thread.join();
}

TEST_F(RunningConsumerTest, EndsWhenTheLogNoLongerReachesBack) {
  append({order("u1", "o1", "washoku"), order("u1", "o2", "washoku")});
  engine_.trim_log(LogPartition(0), LogOffset(1));
  const auto outcome = consumer_->run({});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::corrupted);
  EXPECT_EQ(consumer_->status().state, ConsumerStatus::State::stopped);
  EXPECT_THAT(stored_ids(), IsEmpty());
}

}  // namespace
}  // namespace konomi::consume
