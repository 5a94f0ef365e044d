#include "aggregate/erased_user.h"

#include "aggregate/shop_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::aggregate {
namespace {

using support::Detail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Two guests on three days, one of whom changes taste.
void fill(Shop& shop, bool with_anna) {
  const auto place = [&](const Shop::Place& order) {
    if (with_anna || order.user != "anna") {
      shop.place(order);
    } else {
      shop.pass_record();
    }
  };
  place({.day = 7, .user = "anna", .id = "1", .type = "washoku"});
  place({.day = 7, .user = "ben", .id = "1", .type = "washoku"});
  place({.day = 8, .user = "anna", .id = "1", .type = "yoshoku"});
  place({.day = 8, .user = "anna", .id = "2", .type = "yoshoku"});
  place({.day = 9, .user = "ben", .id = "1", .type = "yoshoku"});
  place({.day = 10, .user = "anna", .id = "1", .type = "chuka"});
}

class ErasedUserTest : public testing::Test {
 protected:
  ErasedUserTest() { fill(shop_, true); }

  // What a shop without the user's earlier orders says.
  static std::vector<std::string> figures_without(const std::function<void(Shop&)>& later = {}) {
    Shop other;
    fill(other, false);
    if (later) later(other);
    other.count();
    return figures_of(other);
  }
  // A day that has lost its only guest is a day without orders; elsewhere it is none.
  static std::vector<std::string> figures_of(Shop& shop) {
    auto lines = shop.figures(Detail::answers);
    std::erase_if(lines, [](const std::string& line) {
      return line.ends_with(" orders=0 users=0 checksum=0");
    });
    return lines;
  }
  std::string everything() {
    std::string text;
    for (const std::string& line : shop_.figures(Detail::answers)) text += line + "\n";
    return text;
  }

  Shop shop_;
};

TEST_F(ErasedUserTest, FiguresAreThoseOfALogWithoutTheUser) {
  shop_.count();
  EXPECT_THAT(everything(), HasSubstr("anna"));
  shop_.erase("anna");
  shop_.count();
  EXPECT_EQ(figures_of(shop_), figures_without([](Shop& s) { s.pass_record(); }));
  EXPECT_THAT(everything(), Not(HasSubstr("anna")));
}

TEST_F(ErasedUserTest, WhatWasNeverCountedIsErasedToo) {
  shop_.erase("anna");
  shop_.count();
  EXPECT_EQ(figures_of(shop_), figures_without());
}

TEST_F(ErasedUserTest, WhoComesAgainIsJudgedByTheNewOrdersAlone) {
  const auto later = [](Shop& shop) {
    shop.place({.day = 8, .user = "anna", .id = "9", .type = "washoku"});
    shop.place({.day = 10, .user = "anna", .id = "9", .type = "washoku"});
  };
  shop_.count();
  shop_.erase("anna");
  later(shop_);
  shop_.count();
  const auto expected = figures_without([&](Shop& other) {
    other.pass_record();
    later(other);
  });
  EXPECT_EQ(figures_of(shop_), expected);
  EXPECT_THAT(shop_.segment_users("washoku"), ElementsAre("anna"));
}

TEST_F(ErasedUserTest, OnceMoreIsTheSame) {
  shop_.count();
  shop_.erase("anna");
  shop_.count();
  const auto once = shop_.figures(Detail::answers);
  shop_.erase("anna");
  shop_.erase("nobody");
  shop_.count();
  EXPECT_EQ(shop_.figures(Detail::answers), once);
  for (const Erasure& erasure : shop_.erasures("anna"))
    EXPECT_EQ(erasure.state, ErasureState::done);
}

TEST_F(ErasedUserTest, TheReceiptSaysWhatWent) {
  shop_.count();
  shop_.erase("anna");
  shop_.count();
  const auto erasures = shop_.erasures("anna");
  ASSERT_EQ(erasures.size(), 1U);
  EXPECT_EQ(erasures[0].state, ErasureState::done);
  EXPECT_EQ(erasures[0].user_id, UserId()) << "the id is gone, too";
  EXPECT_EQ(erasures[0].finished_at, shop_.clock.now());
  EXPECT_EQ(erasures[0].removed, (ErasedRows{.orders = 4,
                                             .dead_letters = 0,
                                             .days_with_counts = 3,
                                             .preferences = 1,
                                             .segment_rows = 1,
                                             .changes = 2}));
}

// Every later version is above every earlier one, or a cluster would keep what was before.
TEST_F(ErasedUserTest, VersionsRise) {
  const auto version = [&](int day) {
    const Bucket bucket = bucket_of(UserId("anna"), Shop::kBuckets);
    const auto parts =
        shop_.engine.summary_store().day_parts(may(day), std::vector<Bucket>{bucket}).value();
    return std::pair(parts[0].summary->version, parts[0].moves.version);
  };
  // A long day: its versions add up to far more than the erasure's position.
  for (int i = 0; i < 50; ++i)
    shop_.place({.day = 8, .user = "anna", .id = std::to_string(100 + i), .type = "washoku"});
  shop_.count();
  const auto before = version(8);
  const Version day_before = shop_.engine.summary_store().day(may(8)).value()->version;
  shop_.erase("anna");
  shop_.count();
  const auto erased = version(8);
  EXPECT_GT(erased.first, before.first);
  EXPECT_GT(shop_.engine.summary_store().day(may(8)).value()->version, day_before);
  const std::vector<UserId> anna = {UserId("anna")};
  shop_.place({.day = 8, .user = "anna", .id = "1", .type = "washoku"});
  shop_.count();
  EXPECT_GT(version(8).first, erased.first);
  const auto preference = shop_.engine.preference_store().preferences_of(anna).value()[0].value();
  const auto counts = shop_.engine.preference_store().counts_of(anna).value()[0];
  const std::uint64_t lost = shop_.erasures("anna")[0].days.at(may(8));
  EXPECT_GT(counts.at(0).version.value(), lost);
  EXPECT_GT(preference.version.value(), counts[0].version.value())
      << "the days that are gone for good add to it";
}

// The orders go while a pass runs that has not seen the erasure when it looked for work.
TEST_F(ErasedUserTest, VersionsRiseAlsoWhenUsersAreErasedDuringAPass) {
  const auto versions = [&] {
    const Bucket bucket = bucket_of(UserId("anna"), Shop::kBuckets);
    const auto parts =
        shop_.engine.summary_store().day_parts(may(8), std::vector<Bucket>{bucket}).value();
    return std::pair(parts[0].summary->version, parts[0].moves.version);
  };
  shop_.count();
  shop_.place({.day = 8, .user = "anna", .id = "3", .type = "washoku"});
  std::uint32_t looked = 0;
  shop_.engine.decide_faults([&](std::string_view call) -> std::optional<memory::Fault> {
    const bool is_last =
        call == "summary_store.counted_marks" && ++looked == Shop::kBuckets.value();
    if (is_last) shop_.erase("anna");
    return std::nullopt;
  });
  shop_.count();
  shop_.heal();
  const auto during = versions();
  EXPECT_EQ(shop_.erasures("anna").at(0).state, ErasureState::stored) << "left to the next pass";
  shop_.count();
  EXPECT_GT(versions().first, during.first);
  EXPECT_GT(versions().second, during.second);
  EXPECT_THAT(everything(), Not(HasSubstr("anna")));
}

TEST_F(ErasedUserTest, APassThatFailsAnywhereIsMadeWhole) {
  shop_.count();
  for (const bool after_effect : {false, true}) {
    for (int call = 1;; ++call) {
      Shop shop;
      fill(shop, true);
      shop.count();
      shop.erase("anna");
      shop.fail_call(call, after_effect);
      Aggregator aggregator({shop.engine.order_store(), shop.engine.summary_store(),
                             shop.engine.preference_store(), shop.engine.settings_store()},
                            shop.calendar, Shop::kBuckets, shop.metrics, shop.clock, {});
      const bool went_through = aggregator.count_dirty({}).has_value();
      shop.heal();
      shop.count();
      ASSERT_EQ(figures_of(shop), figures_without([](Shop& s) { s.pass_record(); }))
          << "call " << call << (after_effect ? " after its effect" : "");
      ASSERT_EQ(shop.erasures("anna")[0].state, ErasureState::done);
      ASSERT_EQ(shop.erasures("anna")[0].removed.days_with_counts, 3U);
      if (went_through) break;
    }
  }
}

TEST_F(ErasedUserTest, TheDiskIsPurgedBeforeItIsDone) {
  shop_.count();
  shop_.erase("anna");
  int purges = 0;
  Aggregator aggregator({.orders = shop_.engine.order_store(),
                         .summaries = shop_.engine.summary_store(),
                         .preferences = shop_.engine.preference_store(),
                         .settings = shop_.engine.settings_store(),
                         .purge = [&]() -> Result<void> {
                           EXPECT_EQ(shop_.erasures("anna")[0].state, ErasureState::counted);
                           EXPECT_EQ(shop_.erasures("anna")[0].user_id, UserId());
                           if (++purges == 1)
                             return fail(ErrorCode::storage_full, "no room to rewrite");
                           return {};
                         }},
                        shop_.calendar, Shop::kBuckets, shop_.metrics, shop_.clock, {});
  EXPECT_FALSE(aggregator.count_dirty({}));
  EXPECT_TRUE(aggregator.count_dirty({}));
  EXPECT_EQ(purges, 2);
  EXPECT_EQ(shop_.erasures("anna")[0].state, ErasureState::done);
  EXPECT_TRUE(aggregator.count_dirty({}));
  EXPECT_EQ(purges, 2) << "there was nothing to purge";
}

}  // namespace
}  // namespace konomi::aggregate
