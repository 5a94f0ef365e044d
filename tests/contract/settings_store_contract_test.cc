#include "tests/contract/engines.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

#include <chrono>

namespace konomi::contract {
namespace {

using support::instant;
using support::value_of;

template <class Engine>
class SettingsStoreContract : public EngineTest<Engine> {
 protected:
  SettingsStore& store() { return this->engine->settings_store(); }

  std::vector<std::string> ids() {
    std::vector<std::string> ids;
    for (const MenuTypeEntry& entry : value_of(store().menu_types()))
      ids.push_back(entry.id.value());
    return ids;
  }
};
TYPED_TEST_SUITE(SettingsStoreContract, Engines, EngineNames);

TYPED_TEST(SettingsStoreContract, ANewStoreHasNoDataSettings) {
  EXPECT_EQ(value_of(this->store().data_settings()), std::nullopt);
}

TYPED_TEST(SettingsStoreContract, DataSettingsAreReplaced) {
  const DataSettings tokyo{.time_zone = "Asia/Tokyo",
                           .day_starts_at = std::chrono::minutes(0),
                           .bucket_count = BucketCount(64)};
  const DataSettings new_york{.time_zone = "America/New_York",
                              .day_starts_at = std::chrono::hours(5),
                              .bucket_count = BucketCount(128)};
  value_of(this->store().put_data_settings(tokyo));
  EXPECT_EQ(value_of(this->store().data_settings()), tokyo);
  value_of(this->store().put_data_settings(new_york));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().data_settings()), new_york);
}

TYPED_TEST(SettingsStoreContract, CountingRulesAreOnlyRaised) {
  EXPECT_EQ(value_of(this->store().counting_rules()), std::nullopt);
  const CountingRules first{.preference = {.min_orders = 2}};
  const CountingRules second{
      .generation = Generation(1), .counted_since = Generation(1), .preference = {.min_orders = 5}};
  value_of(this->store().put_counting_rules(first));
  EXPECT_EQ(value_of(this->store().counting_rules()), first);
  value_of(this->store().put_counting_rules(second));
  value_of(this->store().put_counting_rules(first));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().counting_rules()), second);
}

TYPED_TEST(SettingsStoreContract, AnExpiryOnlyMovesOn) {
  EXPECT_EQ(value_of(this->store().expiry()), std::nullopt);
  const BusinessDay day = BusinessDay::from_days_since_1970(20'000);
  const Expiry first{.before = day, .announced_at = instant(1)};
  const Expiry second{.before = day + std::chrono::days(1),
                      .announced_at = instant(2),
                      .earlier_before = first.before,
                      .earlier_announced_at = first.announced_at};
  value_of(this->store().put_expiry(first));
  value_of(this->store().put_expiry({.before = day, .announced_at = instant(5)}));
  EXPECT_EQ(value_of(this->store().expiry()), first);
  value_of(this->store().put_expiry(second));
  value_of(this->store().put_expiry(first));
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().expiry()), second);
}

TYPED_TEST(SettingsStoreContract, ANewStoreHoldsTheInitialMenuTypes) {
  EXPECT_EQ(value_of(this->store().menu_types()), initial_menu_types());
  this->engine.reopen();
  EXPECT_EQ(value_of(this->store().menu_types()), initial_menu_types());
}

TYPED_TEST(SettingsStoreContract, InitialMenuTypesDoNotComeBackOverAnEdit) {
  MenuTypeEntry washoku = initial_menu_types().front();
  washoku.hidden = true;
  washoku.position.reset();
  value_of(this->store().put_menu_types({washoku}));
  this->engine.reopen();
  const auto entries = value_of(this->store().menu_types());
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries.back(), washoku);
}

TYPED_TEST(SettingsStoreContract, MenuTypesComeInTheCataloguesOrder) {
  value_of(this->store().add_menu_types({MenuType("z"), MenuType("Americano with Milk")}));
  value_of(this->store().put_menu_types(
      {{.id = MenuType("first"), .position = -1}, {.id = MenuType("yoshoku"), .position = 5}}));
  EXPECT_EQ(this->ids(),
            (std::vector<std::string>{"first", "washoku", "yoshoku", "Americano with Milk", "z"}));
}

TYPED_TEST(SettingsStoreContract, PuttingMenuTypesReplacesThemAndKeepsOthers) {
  const MenuTypeEntry cafe{.id = MenuType("cafe"),
                           .label_ja = "カフェ",
                           .label_en = "Café",
                           .color = "#c0392b",
                           .position = 3,
                           .hidden = true};
  value_of(this->store().put_menu_types({cafe}));
  this->engine.reopen();
  ASSERT_EQ(this->ids().size(), 3U);
  EXPECT_EQ(value_of(this->store().menu_types()).back(), cafe);
  const MenuTypeEntry plain{.id = MenuType("cafe")};
  value_of(this->store().put_menu_types({plain}));
  EXPECT_EQ(value_of(this->store().menu_types()).back(), plain);
}

TYPED_TEST(SettingsStoreContract, AddingATypeThatIsThereChangesNothing) {
  value_of(this->store().add_menu_types({MenuType("washoku"), MenuType("cafe"), MenuType("cafe")}));
  value_of(this->store().add_menu_types({MenuType("cafe")}));
  auto expected = initial_menu_types();
  expected.push_back({.id = MenuType("cafe")});
  EXPECT_EQ(value_of(this->store().menu_types()), expected);
}

}  // namespace
}  // namespace konomi::contract
