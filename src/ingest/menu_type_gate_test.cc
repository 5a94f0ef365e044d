#include "ingest/menu_type_gate.h"

#include "adapters/memory/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::ingest {
namespace {

using testing::HasSubstr;
using testing::Optional;

class MenuTypeGateTest : public testing::Test {
 protected:
  std::unique_ptr<MenuTypeGate> open(MenuTypeGate::Rules rules) {
    return std::move(MenuTypeGate::open(store_, rules, metrics_).value());
  }

  void SetUp() override {
    engine_.decide_faults([this](std::string_view call) -> std::optional<memory::Fault> {
      if (call != "settings_store.menu_types") return std::nullopt;
      const MutexLock lock(mutex_);
      ++reads_;
      changed_.notify_all();
      if (reachable_) return std::nullopt;
      return memory::Fault{.error = {.code = ErrorCode::unavailable, .message = "away"}};
    });
  }

  void set_reachable(bool reachable) {
    const MutexLock lock(mutex_);
    reachable_ = reachable;
  }

  // Until the catalogue was asked for `more` times more, reachable or not.
  void wait_for_reads(int more) {
    const MutexLock lock(mutex_);
    const int until = reads_ + more;
    while (reads_ < until) changed_.wait(mutex_);
  }

  Mutex mutex_;
  ConditionVariable changed_;
  int reads_ KONOMI_GUARDED_BY(mutex_) = 0;
  bool reachable_ KONOMI_GUARDED_BY(mutex_) = true;

  ManualClock clock_{Timestamp{}};
  memory::MemoryEngine engine_{clock_};
  SettingsStore& store_ = engine_.settings_store();
  Metrics metrics_;
};

TEST_F(MenuTypeGateTest, AcceptsAnUnknownTypeByDefault) {
  const auto gate = open({});
  EXPECT_EQ(gate->view().refusal(MenuType("washoku")), std::nullopt);
  EXPECT_EQ(gate->view().refusal(MenuType("chuka")), std::nullopt);
}

TEST_F(MenuTypeGateTest, RefusesAnUnknownTypeWhenToldSoAndNamesTheRemedy) {
  const auto gate = open({.unknown = UnknownMenuTypes::refuse});
  EXPECT_EQ(gate->view().refusal(MenuType("washoku")), std::nullopt);
  EXPECT_THAT(gate->view().refusal(MenuType("chuka")),
              Optional(HasSubstr("\"chuka\" is not in the catalogue")));
}

TEST_F(MenuTypeGateTest, KnowsATypeAfterARefresh) {
  const auto gate = open({.unknown = UnknownMenuTypes::refuse});
  ASSERT_TRUE(store_.add_menu_types({MenuType("chuka")}));
  const auto before = gate->view();
  EXPECT_NE(before.refusal(MenuType("chuka")), std::nullopt);
  ASSERT_TRUE(gate->refresh());
  EXPECT_EQ(gate->view().refusal(MenuType("chuka")), std::nullopt);
  EXPECT_NE(before.refusal(MenuType("chuka")), std::nullopt) << "a view is pinned";
}

TEST_F(MenuTypeGateTest, LetsInOnlyAsManyNewTypesAsTheCatalogueHasRoomFor) {
  const auto gate = open({.menu_types_max = 4});
  const auto view = gate->view();
  EXPECT_EQ(view.refusal(MenuType("chuka")), std::nullopt);
  EXPECT_EQ(view.refusal(MenuType("cafe")), std::nullopt);
  EXPECT_THAT(view.refusal(MenuType("curry")), Optional(HasSubstr("there are 4 already")));
  EXPECT_EQ(view.refusal(MenuType("chuka")), std::nullopt) << "let in before, so still";

  // One of the two arrives in the catalogue, and the other is still on its way: no room is gained.
  ASSERT_TRUE(store_.add_menu_types({MenuType("chuka")}));
  ASSERT_TRUE(gate->refresh());
  EXPECT_EQ(gate->view().refusal(MenuType("cafe")), std::nullopt);
  EXPECT_NE(gate->view().refusal(MenuType("curry")), std::nullopt);
  EXPECT_EQ(view.refusal(MenuType("chuka")), std::nullopt) << "an old view knows no less";
}

TEST_F(MenuTypeGateTest, KnowsEveryTypeOfACatalogueThatOutgrewTheBound) {
  const auto gate = open({.menu_types_max = 1});
  EXPECT_EQ(gate->view().refusal(MenuType("yoshoku")), std::nullopt);
  EXPECT_NE(gate->view().refusal(MenuType("chuka")), std::nullopt);
}

TEST_F(MenuTypeGateTest, HandsUpAnUnreachableStoreAtTheStartAndKeepsItsViewLater) {
  set_reachable(false);
  EXPECT_EQ(MenuTypeGate::open(store_, {}, metrics_).error().code, ErrorCode::unavailable);
  set_reachable(true);
  const auto gate = open({.unknown = UnknownMenuTypes::refuse});
  set_reachable(false);
  EXPECT_FALSE(gate->refresh());
  EXPECT_EQ(gate->view().refusal(MenuType("washoku")), std::nullopt);
}

TEST_F(MenuTypeGateTest, RefreshesOnItsOwnThreadThroughAnOutage) {
  const auto gate = open({.unknown = UnknownMenuTypes::refuse});
  set_reachable(false);
  gate->start(std::chrono::milliseconds(1));
  wait_for_reads(2);
  ASSERT_TRUE(store_.add_menu_types({MenuType("chuka")}));
  set_reachable(true);
  // The second read from now began after the first one's view was in force.
  wait_for_reads(2);
  EXPECT_EQ(gate->view().refusal(MenuType("chuka")), std::nullopt);
  gate->stop();
  EXPECT_THAT(metrics_.exposition(), testing::ContainsRegex("refresh_failures_total [1-9]"));
  gate->stop();
}

TEST_F(MenuTypeGateTest, CanBeAskedWhileItRefreshes) {
  const auto gate = open({.menu_types_max = 100});
  gate->start(std::chrono::milliseconds(1));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&gate, t] {
      for (int i = 0; i < 2'000; ++i) {
        const auto view = gate->view();
        EXPECT_EQ(view.refusal(MenuType("washoku")), std::nullopt);
        EXPECT_EQ(view.refusal(MenuType("new " + std::to_string((t + i) % 50))), std::nullopt);
      }
    });
  }
}

}  // namespace
}  // namespace konomi::ingest
