#include "adapters/memory/stores.h"

#include <algorithm>
#include <string>

namespace konomi::memory {
namespace {

// The rows as they were when the cursor was made.
template <class T>
class SnapshotCursor final : public Cursor<T> {
 public:
  SnapshotCursor(std::vector<T> rows, Faults& faults) : rows_(std::move(rows)), faults_(faults) {}

  Result<void> next(std::vector<T>& rows, std::size_t rows_max) override {
    const std::size_t before = next_;
    auto read = faults_.run("cursor.next", [&]() -> Result<void> {
      rows.clear();
      for (; next_ < rows_.size() && rows.size() < rows_max; ++next_) rows.push_back(rows_[next_]);
      return {};
    });
    if (!read) next_ = before;
    return read;
  }

 private:
  const std::vector<T> rows_;
  Faults& faults_;
  std::size_t next_ = 0;
};

template <class T>
std::unique_ptr<Cursor<T>> cursor_over(std::vector<T> rows, Faults& faults) {
  return std::make_unique<SnapshotCursor<T>>(std::move(rows), faults);
}

template <class Map, class Key>
auto find_value(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

// As Cassandra's deletion does: a consumer that has lost its partition may come late with what is
// older than an erasure.
bool is_hidden(const Stores& stores, const PlacedRow& row) {
  const UserDigest digest =
      stores.erasures.empty() ? UserDigest() : digest_of(row.stored.order.user_id);
  return std::ranges::any_of(stores.erasures, [&](const auto& entry) {
    const auto& [key, erasure] = entry;
    return key.first == row.bucket && erasure.digest == digest &&
           row.stored.version.value() < key.second.offset.value();
  });
}

}  // namespace

Result<void> MemoryOrderStore::put(const StoreBatch& batch) {
  return call("order_store.put", [&](Stores& stores) -> Result<void> {
    for (const PlacedRow& row : batch.orders) {
      const Order& order = row.stored.order;
      if (is_hidden(stores, row)) continue;
      const auto [found, is_new] = stores.orders.try_emplace(
          std::tuple(row.day, row.bucket, order.user_id, order.order_id), row.stored);
      if (!is_new && !(row.stored.version < found->second.version)) found->second = row.stored;
    }
    for (const DayMark& mark : batch.marks) {
      LogOffset& highest = stores.marks[mark.bucket][mark.day][mark.position.partition];
      highest = std::max(highest, mark.position.offset);
    }
    for (const auto& [partition, given] : batch.watermarks) {
      Watermark& stored = stores.watermarks.try_emplace(partition, given).first->second;
      stored.next_offset = std::max(stored.next_offset, given.next_offset);
      stored.stored_up_to = std::max(stored.stored_up_to, given.stored_up_to);
    }
    return {};
  });
}

Result<std::map<LogPartition, Watermark>> MemoryOrderStore::watermarks() {
  return call("order_store.watermarks", [](const Stores& stores) {
    return Result<std::map<LogPartition, Watermark>>(stores.watermarks);
  });
}

Result<std::map<BusinessDay, Marks>> MemoryOrderStore::marks(Bucket bucket) {
  return call("order_store.marks", [&](Stores& stores) -> Result<std::map<BusinessDay, Marks>> {
    return find_value(stores.marks, bucket).value_or(std::map<BusinessDay, Marks>());
  });
}

Result<std::unique_ptr<Cursor<StoredOrder>>> MemoryOrderStore::scan(BusinessDay day,
                                                                    Bucket bucket) {
  return call(
      "order_store.scan", [&](Stores& stores) -> Result<std::unique_ptr<Cursor<StoredOrder>>> {
        std::vector<StoredOrder> rows;
        for (auto row = stores.orders.lower_bound(std::tuple(day, bucket, UserId(), OrderId()));
             row != stores.orders.end() && std::get<0>(row->first) == day &&
             std::get<1>(row->first) == bucket;
             ++row) {
          rows.push_back(row->second);
        }
        return cursor_over(std::move(rows), faults_);
      });
}

Result<std::vector<StoredOrder>> MemoryOrderStore::orders_of(const UserId& user_id, Bucket bucket,
                                                             BusinessDay day,
                                                             const std::optional<OrderId>& after,
                                                             std::size_t orders_max) {
  return call("order_store.orders_of", [&](Stores& stores) -> Result<std::vector<StoredOrder>> {
    std::vector<StoredOrder> orders;
    for (auto row =
             stores.orders.lower_bound(std::tuple(day, bucket, user_id, after.value_or(OrderId())));
         row != stores.orders.end() && orders.size() < orders_max; ++row) {
      const auto& [row_day, row_bucket, row_user, order_id] = row->first;
      if (row_day != day || row_bucket != bucket || row_user != user_id) break;
      if (order_id != after) orders.push_back(row->second);
    }
    return orders;
  });
}

Result<void> MemoryOrderStore::erase(const ErasureOrder& given) {
  return call("order_store.erase", [&](Stores& stores) -> Result<void> {
    const std::pair key(given.bucket, given.position);
    if (!stores.erasures.contains(key)) {
      Erasure erasure = begun(given, ErasureState::stored);
      std::erase_if(stores.orders, [&](const auto& row) {
        const auto& [day, bucket, user_id, order_id] = row.first;
        const Version version = row.second.version;
        if (bucket != given.bucket || user_id != given.user_id ||
            version.value() >= given.position.offset.value())
          return false;
        note_removed(erasure, day, version);
        return true;
      });
      stores.erasures.emplace(key, std::move(erasure));
    }
    for (const auto& [day, version] : stores.erasures.at(key).days) {
      LogOffset& mark = stores.marks[given.bucket][day][given.position.partition];
      mark = std::max(mark, given.position.offset);
    }
    return {};
  });
}

Result<std::vector<Erasure>> MemoryOrderStore::erasures(Bucket bucket) {
  return call("order_store.erasures", [&](const Stores& stores) -> Result<std::vector<Erasure>> {
    std::vector<Erasure> erasures;
    for (const auto& [key, erasure] : stores.erasures) {
      if (key.first == bucket) erasures.push_back(erasure);
    }
    return erasures;
  });
}

Result<void> MemoryOrderStore::put_erasure(const Erasure& erasure) {
  return call("order_store.put_erasure", [&](Stores& stores) -> Result<void> {
    Erasure& stored = stores.erasures[{erasure.bucket, erasure.position}];
    if (stored.state <= erasure.state) stored = erasure;
    return {};
  });
}

Result<void> MemoryOrderStore::remove_orders(BusinessDay day, Bucket bucket,
                                             const Marks& /*marks*/) {
  return call("order_store.remove_orders", [&](Stores& stores) -> Result<void> {
    std::erase_if(stores.orders, [&](const auto& row) {
      return std::get<0>(row.first) == day && std::get<1>(row.first) == bucket;
    });
    return {};
  });
}

Result<void> MemoryOrderStore::reclaim(BusinessDay /*before*/) {
  return {};  // Nothing is on a disk.
}

Result<void> MemorySummaryStore::put_bucket_summary(BusinessDay day, Bucket bucket,
                                                    const BucketSummary& summary) {
  return call("summary_store.put_bucket_summary", [&](Stores& stores) -> Result<void> {
    stores.bucket_summaries[{bucket, day}] = summary;
    return {};
  });
}

Result<std::vector<DayPart>> MemorySummaryStore::day_parts(BusinessDay day,
                                                           std::span<const Bucket> buckets) {
  return call("summary_store.day_parts", [&](Stores& stores) -> Result<std::vector<DayPart>> {
    std::vector<DayPart> parts;
    for (const Bucket bucket : buckets) {
      const std::pair key(bucket, day);
      parts.push_back({.bucket = bucket,
                       .summary = find_value(stores.bucket_summaries, key),
                       .moves = find_value(stores.bucket_moves, key).value_or(BucketMoves())});
    }
    return parts;
  });
}

Result<std::map<BusinessDay, CountedMarks>> MemorySummaryStore::counted_marks(Bucket bucket) {
  return call("summary_store.counted_marks",
              [&](Stores& stores) -> Result<std::map<BusinessDay, CountedMarks>> {
                std::map<BusinessDay, CountedMarks> counted;
                for (const auto& [key, summary] : stores.bucket_summaries) {
                  if (key.first == bucket)
                    counted[key.second] = {.marks = summary.counted_up_to,
                                           .generation = generation_of(summary.version),
                                           .raw_orders = summary.raw_orders};
                }
                return counted;
              });
}

Result<void> MemorySummaryStore::put_bucket_moves(BusinessDay day, Bucket bucket,
                                                  const BucketMoves& moves) {
  return call("summary_store.put_bucket_moves", [&](Stores& stores) -> Result<void> {
    stores.bucket_moves[{bucket, day}] = moves;
    return {};
  });
}

Result<void> MemorySummaryStore::put_day(const DaySummary& summary) {
  return call("summary_store.put_day", [&](Stores& stores) -> Result<void> {
    stores.days[summary.day] = summary;
    return {};
  });
}

Result<std::optional<DaySummary>> MemorySummaryStore::day(BusinessDay day) {
  return call("summary_store.day", [&](Stores& stores) -> Result<std::optional<DaySummary>> {
    return find_value(stores.days, day);
  });
}

Result<std::vector<DaySummary>> MemorySummaryStore::days(BusinessDay from, BusinessDay to,
                                                         std::size_t days_max) {
  return call("summary_store.days", [&](Stores& stores) -> Result<std::vector<DaySummary>> {
    std::vector<DaySummary> days;
    for (auto day = stores.days.lower_bound(from);
         day != stores.days.end() && !(to < day->first) && days.size() < days_max; ++day) {
      days.push_back(day->second);
    }
    return days;
  });
}

Result<std::optional<SummaryStore::Range>> MemorySummaryStore::days_range() {
  return call("summary_store.days_range", [&](Stores& stores) -> Result<std::optional<Range>> {
    if (stores.days.empty()) return std::optional<Range>();
    return Range{.first = stores.days.begin()->first,
                 .last = stores.days.rbegin()->first,
                 .count = stores.days.size()};
  });
}

Result<void> MemorySummaryStore::put_progress(std::span<const Bucket> buckets,
                                              const CountProgress& progress) {
  return call("summary_store.put_progress", [&](Stores& stores) -> Result<void> {
    for (const Bucket bucket : buckets) stores.progress[bucket] = progress;
    return {};
  });
}

Result<std::optional<CountProgress>> MemorySummaryStore::progress(std::span<const Bucket> buckets) {
  return call("summary_store.progress",
              [&](const Stores& stores) -> Result<std::optional<CountProgress>> {
                std::vector<std::optional<CountProgress>> of_buckets;
                for (const Bucket bucket : buckets)
                  of_buckets.push_back(find_value(stores.progress, bucket));
                return least_progress(of_buckets);
              });
}

Result<void> MemoryPreferenceStore::put_counts(const std::vector<UserCountsRow>& rows) {
  return call("preference_store.put_counts", [&](Stores& stores) -> Result<void> {
    for (const UserCountsRow& row : rows) stores.counts[row.user_id][row.counts.day] = row.counts;
    return {};
  });
}

Result<std::vector<std::vector<UserDayCounts>>> MemoryPreferenceStore::counts_of(
    std::span<const UserId> users) {
  return call("preference_store.counts_of",
              [&](Stores& stores) -> Result<std::vector<std::vector<UserDayCounts>>> {
                std::vector<std::vector<UserDayCounts>> counts;
                for (const UserId& user_id : users) {
                  std::vector<UserDayCounts>& days = counts.emplace_back();
                  if (const auto found = find_value(stores.counts, user_id))
                    for (const auto& [day, of_day] : *found) days.push_back(of_day);
                }
                return counts;
              });
}

Result<void> MemoryPreferenceStore::put_preferences(const std::vector<PreferenceUpdate>& updates) {
  return call("preference_store.put_preferences", [&](Stores& stores) -> Result<void> {
    for (const PreferenceUpdate& update : updates) {
      const Standing standing = Standing::of(update.current);
      const auto remove_from = [&](const MenuType& type) {
        stores.segments.erase({type, update.bucket, update.user_id});
      };
      if (standing.is_type()) {
        stores.segments[{standing.menu_type(), update.bucket, update.user_id}] = *update.current;
      } else if (update.current) {
        remove_from(update.current->menu_type);
      }
      for (const MenuType& type : update.other_types) remove_from(type);
      for (const PreferenceChange& change : update.changes) {
        const std::tuple key(change.day, update.bucket, update.user_id);
        if (change.from == change.to) {
          stores.changes.erase(key);
        } else {
          stores.changes[key] = {
              .user_id = update.user_id, .change = change, .version = update.version};
        }
      }
      if (update.current) {
        stores.preferences[update.user_id] = *update.current;
      } else {
        stores.preferences.erase(update.user_id);
      }
    }
    return {};
  });
}

Result<void> MemoryPreferenceStore::remove_strays(const StrayRows& rows, Version /*version*/) {
  return call("preference_store.remove_strays", [&](Stores& stores) -> Result<void> {
    for (const auto& [type, bucket, user_id] : rows.members)
      stores.segments.erase({type, bucket, user_id});
    for (const auto& [day, bucket, user_id] : rows.changes)
      stores.changes.erase({day, bucket, user_id});
    for (const auto& [user_id, day] : rows.counts) {
      const auto found = stores.counts.find(user_id);
      if (found != stores.counts.end()) found->second.erase(day);
    }
    for (const UserId& user_id : rows.preferences) stores.preferences.erase(user_id);
    return {};
  });
}

Result<void> MemoryPreferenceStore::erase(const ErasedUser& user) {
  return call("preference_store.erase", [&](Stores& stores) -> Result<void> {
    for (const MenuType& type : user.types)
      stores.segments.erase({type, user.bucket, user.user_id});
    for (const auto& [day, version] : user.days)
      stores.changes.erase({day, user.bucket, user.user_id});
    stores.preferences.erase(user.user_id);
    const auto counts = stores.counts.find(user.user_id);
    if (counts == stores.counts.end()) return {};
    for (const auto& [day, version] : user.days) counts->second.erase(day);
    if (counts->second.empty()) stores.counts.erase(counts);
    return {};
  });
}

Result<std::vector<std::optional<Preference>>> MemoryPreferenceStore::preferences_of(
    std::span<const UserId> users) {
  return call("preference_store.preferences_of",
              [&](Stores& stores) -> Result<std::vector<std::optional<Preference>>> {
                std::vector<std::optional<Preference>> preferences;
                for (const UserId& user_id : users)
                  preferences.push_back(find_value(stores.preferences, user_id));
                return preferences;
              });
}

Result<std::unique_ptr<Cursor<UserPreference>>> MemoryPreferenceStore::segment(
    const MenuType& type, Bucket bucket, const std::optional<UserId>& after) {
  return call("preference_store.segment",
              [&](Stores& stores) -> Result<std::unique_ptr<Cursor<UserPreference>>> {
                std::vector<UserPreference> rows;
                for (auto row = stores.segments.lower_bound(
                         std::tuple(type, bucket, after.value_or(UserId())));
                     row != stores.segments.end() && std::get<0>(row->first) == type &&
                     std::get<1>(row->first) == bucket;
                     ++row) {
                  const UserId& user_id = std::get<2>(row->first);
                  if (user_id != after)
                    rows.push_back({.user_id = user_id, .preference = row->second});
                }
                return cursor_over(std::move(rows), faults_);
              });
}

Result<std::unique_ptr<Cursor<UserChange>>> MemoryPreferenceStore::changes(BusinessDay day,
                                                                           Bucket bucket) {
  return call("preference_store.changes",
              [&](Stores& stores) -> Result<std::unique_ptr<Cursor<UserChange>>> {
                std::vector<UserChange> rows;
                for (auto row = stores.changes.lower_bound(std::tuple(day, bucket, UserId()));
                     row != stores.changes.end() && std::get<0>(row->first) == day &&
                     std::get<1>(row->first) == bucket;
                     ++row) {
                  rows.push_back(row->second);
                }
                return cursor_over(std::move(rows), faults_);
              });
}

Result<std::optional<DataSettings>> MemorySettingsStore::data_settings() {
  return call("settings_store.data_settings", [](const Stores& stores) {
    return Result<std::optional<DataSettings>>(stores.settings);
  });
}

Result<void> MemorySettingsStore::put_data_settings(const DataSettings& settings) {
  return call("settings_store.put_data_settings", [&](Stores& stores) -> Result<void> {
    stores.settings = settings;
    return {};
  });
}

Result<std::optional<CountingRules>> MemorySettingsStore::counting_rules() {
  return call("settings_store.counting_rules", [](const Stores& stores) {
    return Result<std::optional<CountingRules>>(stores.counting_rules);
  });
}

Result<void> MemorySettingsStore::put_counting_rules(const CountingRules& rules) {
  return call("settings_store.put_counting_rules", [&](Stores& stores) -> Result<void> {
    const auto& stored = stores.counting_rules;
    if (!stored || !(rules.generation < stored->generation)) stores.counting_rules = rules;
    return {};
  });
}

Result<std::optional<Expiry>> MemorySettingsStore::expiry() {
  return call("settings_store.expiry",
              [](const Stores& stores) { return Result<std::optional<Expiry>>(stores.expiry); });
}

Result<void> MemorySettingsStore::put_expiry(const Expiry& expiry) {
  return call("settings_store.put_expiry", [&](Stores& stores) -> Result<void> {
    if (!stores.expiry || stores.expiry->before < expiry.before) stores.expiry = expiry;
    return {};
  });
}

Result<std::vector<MenuTypeEntry>> MemorySettingsStore::menu_types() {
  return call("settings_store.menu_types",
              [&](Stores& stores) -> Result<std::vector<MenuTypeEntry>> {
                std::vector<MenuTypeEntry> entries;
                for (const auto& [id, entry] : stores.menu_types) entries.push_back(entry);
                std::ranges::sort(entries, comes_before);
                return entries;
              });
}

Result<void> MemorySettingsStore::put_menu_types(const std::vector<MenuTypeEntry>& entries) {
  return call("settings_store.put_menu_types", [&](Stores& stores) -> Result<void> {
    for (const MenuTypeEntry& entry : entries) stores.menu_types[entry.id] = entry;
    return {};
  });
}

Result<void> MemorySettingsStore::add_menu_types(const std::vector<MenuType>& types) {
  return call("settings_store.add_menu_types", [&](Stores& stores) -> Result<void> {
    for (const MenuType& type : types) {
      MenuTypeEntry entry;
      entry.id = type;
      stores.menu_types.try_emplace(type, std::move(entry));
    }
    return {};
  });
}

Result<void> MemoryDeadLetters::put(const std::vector<DeadLetter>& letters) {
  return call("dead_letters.put", [&](Stores& stores) -> Result<void> {
    for (const DeadLetter& letter : letters) {
      if (stores.erased_letters.contains(letter.position)) continue;
      const auto [stored, is_new] = stores.dead_letters.try_emplace(letter.position, letter);
      if (is_new) stored->second.history.clear();
    }
    return {};
  });
}

Result<void> MemoryDeadLetters::add(const std::vector<LetterEvent>& events) {
  return call("dead_letters.add", [&](Stores& stores) -> Result<void> {
    for (const LetterEvent& event : events) {
      const auto letter = stores.dead_letters.find(event.letter);
      if (letter == stores.dead_letters.end()) continue;
      std::vector<LetterEvent>& history = letter->second.history;
      const bool is_new = std::ranges::none_of(
          history, [&](const LetterEvent& earlier) { return is_repeated(event, earlier); });
      if (is_new) history.push_back(event);
    }
    return {};
  });
}

Result<std::uint64_t> MemoryDeadLetters::erase(const UserId& user_id, const LogPosition& position,
                                               Timestamp /*at*/) {
  return call("dead_letters.erase", [&](Stores& stores) -> Result<std::uint64_t> {
    return std::erase_if(stores.dead_letters, [&](const auto& letter) {
      if (letter.second.key != user_id.value() || !is_before(letter.first, position)) return false;
      stores.erased_letters.insert(letter.first);
      return true;
    });
  });
}

Result<std::uint64_t> MemoryDeadLetters::expire(Timestamp before, std::size_t letters_max) {
  return call("dead_letters.expire", [&](Stores& stores) -> Result<std::uint64_t> {
    std::uint64_t expired = 0;
    std::erase_if(stores.dead_letters, [&](const auto& entry) {
      const bool leaves = expired < letters_max && entry.second.failed_at < before;
      if (leaves) ++expired;
      return leaves;
    });
    return expired;
  });
}

Result<std::vector<DeadLetter>> MemoryDeadLetters::list(const LogPosition* after,
                                                        std::size_t letters_max,
                                                        std::optional<LetterState> state) {
  return call("dead_letters.list", [&](Stores& stores) -> Result<std::vector<DeadLetter>> {
    auto letter =
        after != nullptr ? stores.dead_letters.upper_bound(*after) : stores.dead_letters.begin();
    std::vector<DeadLetter> letters;
    for (; letter != stores.dead_letters.end() && letters.size() < letters_max; ++letter) {
      if (!state || state_of(letter->second.history) == *state) letters.push_back(letter->second);
    }
    return letters;
  });
}

Result<std::optional<DeadLetter>> MemoryDeadLetters::find(const LogPosition& position) {
  return call("dead_letters.find", [&](const Stores& stores) {
    return Result<std::optional<DeadLetter>>(find_value(stores.dead_letters, position));
  });
}

Result<std::uint64_t> MemoryDeadLetters::count_waiting() {
  return call("dead_letters.count_waiting", [](const Stores& stores) {
    return Result<std::uint64_t>(std::ranges::count_if(stores.dead_letters, [](const auto& letter) {
      return state_of(letter.second.history) == LetterState::waiting;
    }));
  });
}

}  // namespace konomi::memory
