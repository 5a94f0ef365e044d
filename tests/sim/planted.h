#pragma once

#include "base/result.h"
#include "consume/consumer.h"
#include "domain/business_day.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/settings_store.h"
#include "tests/sim/world.h"
#include "tests/support/forwarding_order_store.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace konomi::sim {

// An order store that counts the placed orders of each day as they pass: not once each, but as
// often as they are stored. With a mistake in it on request: what is written last stays, whatever
// its version.
class CountingOrderStore final : public support::ForwardingOrderStore {
 public:
  CountingOrderStore(OrderStore& store, bool last_write_stays)
      : ForwardingOrderStore(store), last_write_stays_(last_write_stays) {}

  Result<void> put(const StoreBatch& batch) override;

  std::uint64_t orders(BusinessDay day) { return orders_[day]; }

 private:
  const bool last_write_stays_;
  std::uint64_t writes_ = 0;
  std::map<BusinessDay, std::uint64_t> orders_;
};

// Settings that forget, on request, what was announced before the last expiry.
class ExpirySettings final : public SettingsStore {
 public:
  ExpirySettings(SettingsStore& store, bool forgets) : store_(store), forgets_(forgets) {}

  Result<std::optional<DataSettings>> data_settings() override { return store_.data_settings(); }
  Result<void> put_data_settings(const DataSettings& settings) override {
    return store_.put_data_settings(settings);
  }
  Result<std::optional<CountingRules>> counting_rules() override { return store_.counting_rules(); }
  Result<void> put_counting_rules(const CountingRules& rules) override {
    return store_.put_counting_rules(rules);
  }
  Result<std::optional<Expiry>> expiry() override;
  Result<void> put_expiry(const Expiry& expiry) override { return store_.put_expiry(expiry); }
  Result<std::vector<MenuTypeEntry>> menu_types() override { return store_.menu_types(); }
  Result<void> put_menu_types(const std::vector<MenuTypeEntry>& entries) override {
    return store_.put_menu_types(entries);
  }
  Result<void> add_menu_types(const std::vector<MenuType>& types) override {
    return store_.add_menu_types(types);
  }

 private:
  SettingsStore& store_;
  const bool forgets_;
};

// The bug of the run, at the places where it is built in. Without one everything here does what it
// should.
class Planted {
 public:
  explicit Planted(World& world)
      : world_(world),
        order_store_(world.engine->order_store(), world.bug == PlantedBug::last_write_stays),
        settings_store_(world.engine->settings_store(), world.bug == PlantedBug::expiry_forgotten) {
  }

  // What consumers store to.
  OrderStore& order_store() { return order_store_; }
  SettingsStore& settings_store() { return settings_store_; }

  Result<std::size_t> step(consume::Consumer& consumer, OrderLogReader& reader);

  // The planted counter: what it would show is what it has seen stored, however often that was. For
  // moments without faults.
  void put_counters();

 private:
  World& world_;
  CountingOrderStore order_store_;
  ExpirySettings settings_store_;
};

}  // namespace konomi::sim
