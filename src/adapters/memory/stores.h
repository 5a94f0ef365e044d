#pragma once

#include "adapters/memory/faults.h"
#include "base/mutex.h"
#include "ports/dead_letters.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace konomi::memory {

// Everything the stores hold, as the ports describe it. A value: copied for a checkpoint.
struct Stores {
  std::map<std::tuple<BusinessDay, Bucket, UserId, OrderId>, StoredOrder> orders;
  std::map<Bucket, std::map<BusinessDay, Marks>> marks;
  std::map<LogPartition, Watermark> watermarks;
  std::map<std::pair<Bucket, LogPosition>, Erasure> erasures;

  std::map<std::pair<Bucket, BusinessDay>, BucketSummary> bucket_summaries;
  std::map<std::pair<Bucket, BusinessDay>, BucketMoves> bucket_moves;
  std::map<BusinessDay, DaySummary> days;
  std::map<Bucket, CountProgress> progress;

  std::map<UserId, std::map<BusinessDay, UserDayCounts>> counts;
  std::map<std::tuple<MenuType, Bucket, UserId>, Preference> segments;
  std::map<UserId, Preference> preferences;
  std::map<std::tuple<BusinessDay, Bucket, UserId>, UserChange> changes;

  std::optional<DataSettings> settings;
  std::optional<CountingRules> counting_rules;
  std::optional<Expiry> expiry;
  std::map<MenuType, MenuTypeEntry> menu_types = initial_entries();

  std::map<LogPosition, DeadLetter> dead_letters;
  std::set<LogPosition> erased_letters;

  static std::map<MenuType, MenuTypeEntry> initial_entries() {
    std::map<MenuType, MenuTypeEntry> entries;
    for (MenuTypeEntry& entry : initial_menu_types()) entries.emplace(entry.id, std::move(entry));
    return entries;
  }
};

// What the stores of one engine share; it outlives them.
class MemoryPort {
 public:
  MemoryPort(Mutex& mutex, Stores& stores, Faults& faults)
      : mutex_(mutex), stores_(stores), faults_(faults) {}

 protected:
  // Runs `effect` on the locked stores, or does not, as the call's fault says.
  template <class Effect>
  auto call(std::string_view name, Effect effect) {
    return faults_.run(name, [&] {
      const MutexLock lock(mutex_);
      return effect(stores_);
    });
  }

  Mutex& mutex_;
  Stores& stores_ KONOMI_GUARDED_BY(mutex_);
  Faults& faults_;
};

class MemoryOrderStore final : public OrderStore, private MemoryPort {
 public:
  using MemoryPort::MemoryPort;

  Result<void> put(const StoreBatch& batch) override;
  Result<std::map<LogPartition, Watermark>> watermarks() override;
  Result<std::map<BusinessDay, Marks>> marks(Bucket bucket) override;
  Result<std::unique_ptr<Cursor<StoredOrder>>> scan(BusinessDay day, Bucket bucket) override;
  Result<std::vector<StoredOrder>> orders_of(const UserId& user_id, Bucket bucket, BusinessDay day,
                                             const std::optional<OrderId>& after,
                                             std::size_t orders_max) override;
  Result<void> erase(const ErasureOrder& erasure) override;
  Result<std::vector<Erasure>> erasures(Bucket bucket) override;
  Result<void> put_erasure(const Erasure& erasure) override;
  Result<void> remove_orders(BusinessDay day, Bucket bucket, const Marks& marks) override;
  Result<void> reclaim(BusinessDay before) override;
};

class MemorySummaryStore final : public SummaryStore, private MemoryPort {
 public:
  using MemoryPort::MemoryPort;

  Result<void> put_bucket_summary(BusinessDay day, Bucket bucket,
                                  const BucketSummary& summary) override;
  Result<std::map<BusinessDay, CountedMarks>> counted_marks(Bucket bucket) override;
  Result<void> put_bucket_moves(BusinessDay day, Bucket bucket, const BucketMoves& moves) override;
  Result<std::vector<DayPart>> day_parts(BusinessDay day, std::span<const Bucket> buckets) override;
  Result<void> put_day(const DaySummary& summary) override;
  Result<std::optional<DaySummary>> day(BusinessDay day) override;
  Result<std::vector<DaySummary>> days(BusinessDay from, BusinessDay to,
                                       std::size_t days_max) override;
  Result<std::optional<Range>> days_range() override;
  Result<void> put_progress(std::span<const Bucket> buckets,
                            const CountProgress& progress) override;
  Result<std::optional<CountProgress>> progress(std::span<const Bucket> buckets) override;
};

class MemoryPreferenceStore final : public PreferenceStore, private MemoryPort {
 public:
  using MemoryPort::MemoryPort;

  Result<void> put_counts(const std::vector<UserCountsRow>& rows) override;
  Result<std::vector<std::vector<UserDayCounts>>> counts_of(std::span<const UserId> users) override;
  Result<void> put_preferences(const std::vector<PreferenceUpdate>& updates) override;
  Result<void> remove_strays(const StrayRows& rows, Version version) override;
  Result<void> erase(const ErasedUser& user) override;
  Result<std::vector<std::optional<Preference>>> preferences_of(
      std::span<const UserId> users) override;
  Result<std::unique_ptr<Cursor<UserPreference>>> segment(
      const MenuType& type, Bucket bucket, const std::optional<UserId>& after) override;
  Result<std::unique_ptr<Cursor<UserChange>>> changes(BusinessDay day, Bucket bucket) override;
};

class MemorySettingsStore final : public SettingsStore, private MemoryPort {
 public:
  using MemoryPort::MemoryPort;

  Result<std::optional<DataSettings>> data_settings() override;
  Result<void> put_data_settings(const DataSettings& settings) override;
  Result<std::optional<CountingRules>> counting_rules() override;
  Result<void> put_counting_rules(const CountingRules& rules) override;
  Result<std::optional<Expiry>> expiry() override;
  Result<void> put_expiry(const Expiry& expiry) override;
  Result<std::vector<MenuTypeEntry>> menu_types() override;
  Result<void> put_menu_types(const std::vector<MenuTypeEntry>& entries) override;
  Result<void> add_menu_types(const std::vector<MenuType>& types) override;
};

class MemoryDeadLetters final : public DeadLetters, private MemoryPort {
 public:
  using MemoryPort::MemoryPort;

  Result<void> put(const std::vector<DeadLetter>& letters) override;
  Result<void> add(const std::vector<LetterEvent>& events) override;
  Result<std::uint64_t> erase(const UserId& user_id, const LogPosition& position,
                              Timestamp at) override;
  Result<std::uint64_t> expire(Timestamp before, std::size_t letters_max) override;
  Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max,
                                       std::optional<LetterState> state) override;
  Result<std::optional<DeadLetter>> find(const LogPosition& position) override;
  Result<std::uint64_t> count_waiting() override;
};

}  // namespace konomi::memory
