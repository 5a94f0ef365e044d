#include "adapters/memory/faults.h"
#include "adapters/rocks/engine.h"
#include "base/assert.h"
#include "tests/sim/engine.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/orders.h"
#include "tests/support/temporary_directory.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::sim {
namespace {

using memory::Fault;
using rocks::RocksEngine;

// Small, so that some of what was written reaches the disk by itself and some does not.
constexpr std::size_t kWriteBuffersBytes = 256 << 10;
constexpr std::size_t kBlockCacheBytes = 1 << 20;

// What the ports of one engine share. The engine is another one after a power loss.
class Port {
 public:
  Port(std::unique_ptr<RocksEngine>& engine, memory::Faults& faults)
      : engine_(engine), faults_(faults) {}

 protected:
  RocksEngine& engine() { return *engine_; }
  template <class Effect>
  auto call(std::string_view name, Effect effect) {
    return faults_.run(name, std::move(effect));
  }

  std::unique_ptr<RocksEngine>& engine_;
  memory::Faults& faults_;
};

template <class T>
class FaultyCursor final : public Cursor<T> {
 public:
  FaultyCursor(std::unique_ptr<Cursor<T>> cursor, memory::Faults& faults)
      : cursor_(std::move(cursor)), faults_(faults) {}

  // A lost answer loses no rows: they come with the next call.
  Result<void> next(std::vector<T>& rows, std::size_t rows_max) override {
    if (auto fault = faults_.of("cursor.next")) return std::unexpected(std::move(fault->error));
    return cursor_->next(rows, rows_max);
  }

 private:
  const std::unique_ptr<Cursor<T>> cursor_;
  memory::Faults& faults_;
};

template <class T>
Result<std::unique_ptr<Cursor<T>>> faulty(Result<std::unique_ptr<Cursor<T>>> cursor,
                                          memory::Faults& faults) {
  if (!cursor) return cursor;
  return std::make_unique<FaultyCursor<T>>(*std::move(cursor), faults);
}

class SimulatedOrderStore final : public OrderStore, private Port {
 public:
  using Port::Port;

  Result<void> put(const StoreBatch& batch) override {
    return call("order_store.put", [&] { return store().put(batch); });
  }
  Result<std::map<LogPartition, Watermark>> watermarks() override {
    return call("order_store.watermarks", [&] { return store().watermarks(); });
  }
  Result<std::map<BusinessDay, Marks>> marks(Bucket bucket) override {
    return call("order_store.marks", [&] { return store().marks(bucket); });
  }
  Result<std::unique_ptr<Cursor<StoredOrder>>> scan(BusinessDay day, Bucket bucket) override {
    return faulty(call("order_store.scan", [&] { return store().scan(day, bucket); }), faults_);
  }
  Result<std::vector<StoredOrder>> orders_of(const UserId& user_id, Bucket bucket, BusinessDay day,
                                             const std::optional<OrderId>& after,
                                             std::size_t orders_max) override {
    return call("order_store.orders_of",
                [&] { return store().orders_of(user_id, bucket, day, after, orders_max); });
  }
  Result<void> erase(const ErasureOrder& erasure) override {
    return call("order_store.erase", [&] { return store().erase(erasure); });
  }
  Result<std::vector<Erasure>> erasures(Bucket bucket) override {
    return call("order_store.erasures", [&] { return store().erasures(bucket); });
  }
  Result<void> put_erasure(const Erasure& erasure) override {
    return call("order_store.put_erasure", [&] { return store().put_erasure(erasure); });
  }
  Result<void> remove_orders(BusinessDay day, Bucket bucket, const Marks& marks) override {
    return call("order_store.remove_orders",
                [&] { return store().remove_orders(day, bucket, marks); });
  }
  Result<void> reclaim(BusinessDay before) override {
    return call("order_store.reclaim", [&] { return store().reclaim(before); });
  }

 private:
  OrderStore& store() { return engine().order_store(); }
};

class SimulatedSummaryStore final : public SummaryStore, private Port {
 public:
  using Port::Port;

  Result<void> put_bucket_summary(BusinessDay day, Bucket bucket,
                                  const BucketSummary& summary) override {
    return call("summary_store.put_bucket_summary",
                [&] { return store().put_bucket_summary(day, bucket, summary); });
  }
  Result<void> put_bucket_moves(BusinessDay day, Bucket bucket, const BucketMoves& moves) override {
    return call("summary_store.put_bucket_moves",
                [&] { return store().put_bucket_moves(day, bucket, moves); });
  }
  Result<std::vector<DayPart>> day_parts(BusinessDay day,
                                         std::span<const Bucket> buckets) override {
    return call("summary_store.day_parts", [&] { return store().day_parts(day, buckets); });
  }
  Result<std::map<BusinessDay, CountedMarks>> counted_marks(Bucket bucket) override {
    return call("summary_store.counted_marks", [&] { return store().counted_marks(bucket); });
  }
  Result<void> put_day(const DaySummary& summary) override {
    return call("summary_store.put_day", [&] { return store().put_day(summary); });
  }
  Result<std::optional<DaySummary>> day(BusinessDay day) override {
    return call("summary_store.day", [&] { return store().day(day); });
  }
  Result<std::vector<DaySummary>> days(BusinessDay from, BusinessDay to,
                                       std::size_t days_max) override {
    return call("summary_store.days", [&] { return store().days(from, to, days_max); });
  }
  Result<std::optional<Range>> days_range() override {
    return call("summary_store.days_range", [&] { return store().days_range(); });
  }
  Result<void> put_progress(std::span<const Bucket> buckets,
                            const CountProgress& progress) override {
    return call("summary_store.put_progress",
                [&] { return store().put_progress(buckets, progress); });
  }
  Result<std::optional<CountProgress>> progress(std::span<const Bucket> buckets) override {
    return call("summary_store.progress", [&] { return store().progress(buckets); });
  }

 private:
  SummaryStore& store() { return engine().summary_store(); }
};

class SimulatedPreferenceStore final : public PreferenceStore, private Port {
 public:
  using Port::Port;

  Result<void> put_counts(const std::vector<UserCountsRow>& rows) override {
    return call("preference_store.put_counts", [&] { return store().put_counts(rows); });
  }
  Result<std::vector<std::vector<UserDayCounts>>> counts_of(
      std::span<const UserId> users) override {
    return call("preference_store.counts_of", [&] { return store().counts_of(users); });
  }
  Result<void> put_preferences(const std::vector<PreferenceUpdate>& updates) override {
    return call("preference_store.put_preferences",
                [&] { return store().put_preferences(updates); });
  }
  Result<void> remove_strays(const StrayRows& rows, Version version) override {
    return call("preference_store.remove_strays",
                [&] { return store().remove_strays(rows, version); });
  }
  Result<void> erase(const ErasedUser& user) override {
    return call("preference_store.erase", [&] { return store().erase(user); });
  }
  Result<std::vector<std::optional<Preference>>> preferences_of(
      std::span<const UserId> users) override {
    return call("preference_store.preferences_of", [&] { return store().preferences_of(users); });
  }
  Result<std::unique_ptr<Cursor<UserPreference>>> segment(
      const MenuType& type, Bucket bucket, const std::optional<UserId>& after) override {
    return faulty(
        call("preference_store.segment", [&] { return store().segment(type, bucket, after); }),
        faults_);
  }
  Result<std::unique_ptr<Cursor<UserChange>>> changes(BusinessDay day, Bucket bucket) override {
    return faulty(call("preference_store.changes", [&] { return store().changes(day, bucket); }),
                  faults_);
  }

 private:
  PreferenceStore& store() { return engine().preference_store(); }
};

class SimulatedSettingsStore final : public SettingsStore, private Port {
 public:
  using Port::Port;

  Result<std::optional<DataSettings>> data_settings() override {
    return call("settings_store.data_settings", [&] { return store().data_settings(); });
  }
  Result<void> put_data_settings(const DataSettings& settings) override {
    return call("settings_store.put_data_settings",
                [&] { return store().put_data_settings(settings); });
  }
  Result<std::optional<CountingRules>> counting_rules() override {
    return call("settings_store.counting_rules", [&] { return store().counting_rules(); });
  }
  Result<void> put_counting_rules(const CountingRules& rules) override {
    return call("settings_store.put_counting_rules",
                [&] { return store().put_counting_rules(rules); });
  }
  Result<std::optional<Expiry>> expiry() override {
    return call("settings_store.expiry", [&] { return store().expiry(); });
  }
  Result<void> put_expiry(const Expiry& expiry) override {
    return call("settings_store.put_expiry", [&] { return store().put_expiry(expiry); });
  }
  Result<std::vector<MenuTypeEntry>> menu_types() override {
    return call("settings_store.menu_types", [&] { return store().menu_types(); });
  }
  Result<void> put_menu_types(const std::vector<MenuTypeEntry>& entries) override {
    return call("settings_store.put_menu_types", [&] { return store().put_menu_types(entries); });
  }
  Result<void> add_menu_types(const std::vector<MenuType>& types) override {
    return call("settings_store.add_menu_types", [&] { return store().add_menu_types(types); });
  }

 private:
  SettingsStore& store() { return engine().settings_store(); }
};

class SimulatedDeadLetters final : public DeadLetters, private Port {
 public:
  using Port::Port;

  Result<void> put(const std::vector<DeadLetter>& letters) override {
    return call("dead_letters.put", [&] { return this->letters().put(letters); });
  }
  Result<void> add(const std::vector<LetterEvent>& events) override {
    return call("dead_letters.add", [&] { return letters().add(events); });
  }
  Result<std::uint64_t> erase(const UserId& user_id, const LogPosition& position,
                              Timestamp at) override {
    return call("dead_letters.erase", [&] { return letters().erase(user_id, position, at); });
  }
  Result<std::uint64_t> expire(Timestamp before, std::size_t letters_max) override {
    return call("dead_letters.expire", [&] { return letters().expire(before, letters_max); });
  }
  Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max,
                                       std::optional<LetterState> state) override {
    return call("dead_letters.list", [&] { return letters().list(after, letters_max, state); });
  }
  Result<std::optional<DeadLetter>> find(const LogPosition& position) override {
    return call("dead_letters.find", [&] { return letters().find(position); });
  }
  Result<std::uint64_t> count_waiting() override {
    return call("dead_letters.count_waiting", [&] { return letters().count_waiting(); });
  }

 private:
  DeadLetters& letters() { return engine().dead_letters(); }
};

// Every write waits for the log's writer, so that the next call finds what the dice have decided. A
// write that is refused meets a broken disk.
class SimulatedOrderLog final : public OrderLog, private Port {
 public:
  SimulatedOrderLog(std::unique_ptr<RocksEngine>& engine, memory::Faults& faults,
                    support::FaultyDisk& disk)
      : Port(engine, faults), disk_(disk) {}

  void append(std::vector<Order> orders, Completion<void> done) override {
    Result<void> appended =
        write("order_log.append", [&] { return support::append(log(), orders); });
    if (appended && holds_) {
      held_.push_back(std::move(done));
    } else {
      done(std::move(appended));
    }
  }
  Result<std::vector<LogPosition>> replay(const std::vector<ReplayedOrder>& orders) override {
    return write("order_log.replay", [&] { return log().replay(orders); });
  }
  Result<LogPosition> append_erasure(const UserErasure& erasure) override {
    return write("order_log.append_erasure", [&] { return log().append_erasure(erasure); });
  }
  Result<std::map<LogPartition, LogOffset>> ends() override {
    return call("order_log.ends", [&] { return log().ends(); });
  }

  void hold() { holds_ = true; }
  void complete_held(const Result<void>& outcome) {
    holds_ = false;
    while (!held_.empty()) {
      Completion<void> done = std::move(held_.front());
      held_.pop_front();
      done(outcome);
    }
  }

 private:
  template <class Effect>
  auto write(std::string_view name, Effect effect) -> decltype(effect()) {
    std::optional<Fault> fault = faults_.of(name);
    if (!fault) return effect();
    if (!fault->after_effect) return on_a_broken_disk(effect);
    if (auto done = effect(); !done) return done;
    return std::unexpected(std::move(fault->error));
  }

  // Full and failing by turns. RocksDB's own writes may fail meanwhile too.
  template <class Effect>
  auto on_a_broken_disk(Effect effect) -> decltype(effect()) {
    if (std::exchange(is_full_next_, !is_full_next_)) {
      disk_.set_full(true);
    } else {
      disk_.fail_next_syncs(1);
    }
    auto done = effect();
    disk_.fail_next_syncs(0);
    disk_.set_full(false);
    return done;
  }

  OrderLog& log() { return engine().order_log(); }

  support::FaultyDisk& disk_;
  bool is_full_next_ = false;
  bool holds_ = false;
  std::deque<Completion<void>> held_;
};

// Everything that any reader was ever given, by offset: an embedded log gives a record again only
// after a restart, and so records that come again come from here.
using HandedOut = std::map<LogOffset, LogRecord>;

class SimulatedReader final : public OrderLogReader {
 public:
  SimulatedReader(std::unique_ptr<OrderLogReader> reader, LogOffset start, HandedOut& handed_out,
                  std::set<SimulatedReader*>& readers, memory::Faults& faults)
      : reader_(std::move(reader)),
        next_(start),
        unread_(start),
        handed_out_(handed_out),
        readers_(readers),
        faults_(faults) {
    readers_.insert(this);
  }
  ~SimulatedReader() override { readers_.erase(this); }
  SimulatedReader(const SimulatedReader&) = delete;
  SimulatedReader& operator=(const SimulatedReader&) = delete;

  // A lost answer loses no records: they come with the next poll.
  Result<std::vector<LogRecord>> poll(std::size_t records_max, std::chrono::milliseconds wait,
                                      std::stop_token stop) override {
    if (auto fault = faults_.of("order_log_reader.poll"))
      return std::unexpected(std::move(fault->error));
    if (next_ < unread_) return hand_out_again(records_max);
    KONOMI_TRY(auto records, reader_->poll(records_max, wait, std::move(stop)));
    for (const LogRecord& record : records) {
      handed_out_.emplace(record.position.offset, record);
      next_ = unread_ = LogOffset(record.position.offset.value() + 1);
    }
    return records;
  }
  Result<RawRecord> raw(const LogPosition& position) override {
    return faults_.run("order_log_reader.raw", [&] { return reader_->raw(position); });
  }
  Result<std::map<LogPartition, LogOffset>> read_to_end() override {
    return faults_.run("order_log_reader.read_to_end",
                       [&]() -> Result<std::map<LogPartition, LogOffset>> {
                         if (next_ < unread_) return std::map<LogPartition, LogOffset>();
                         return reader_->read_to_end();
                       });
  }
  Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) override {
    return faults_.run("order_log_reader.commit", [&] { return reader_->commit(next_offsets); });
  }

  void rewind(LogOffset offset) { next_ = std::min(next_, offset); }

 private:
  std::vector<LogRecord> hand_out_again(std::size_t records_max) {
    std::vector<LogRecord> records;
    for (auto found = handed_out_.lower_bound(next_);
         next_ < unread_ && records.size() < records_max; ++found) {
      records.push_back(found->second);
      next_ = LogOffset(found->first.value() + 1);
    }
    return records;
  }

  const std::unique_ptr<OrderLogReader> reader_;
  LogOffset next_;    // That this reader gives.
  LogOffset unread_;  // The first one that it has not been given by the log.
  HandedOut& handed_out_;
  std::set<SimulatedReader*>& readers_;
  memory::Faults& faults_;
};

class SimulatedRocks final : public SimulatedEngine {
 public:
  explicit SimulatedRocks(const Clock& clock) : clock_(clock) { open(); }

  OrderLog& order_log() override { return order_log_; }
  OrderStore& order_store() override { return order_store_; }
  SummaryStore& summary_store() override { return summary_store_; }
  PreferenceStore& preference_store() override { return preference_store_; }
  SettingsStore& settings_store() override { return settings_store_; }
  DeadLetters& dead_letters() override { return dead_letters_; }

  Result<std::unique_ptr<OrderLogReader>> open_reader() override {
    KONOMI_TRY(const auto watermarks, engine_->order_store().watermarks());
    const auto found = watermarks.find(LogPartition(0));
    const LogOffset start = found == watermarks.end() ? LogOffset(0) : found->second.next_offset;
    KONOMI_TRY(auto reader, engine_->open_reader());
    return std::make_unique<SimulatedReader>(std::move(reader), start, handed_out_, readers_,
                                             faults_);
  }

  void decide_faults(memory::MemoryEngine::Decide decide) override {
    faults_.decide(std::move(decide));
  }
  void hold_completions() override { order_log_.hold(); }
  void release_completions() override { order_log_.complete_held({}); }
  void lose_completions() override {
    order_log_.complete_held(std::unexpected(Error{.code = ErrorCode::timed_out,
                                                   .message = "the log's answer was lost",
                                                   .may_have_happened = true}));
  }
  void rewind_readers(LogPartition /*partition*/, LogOffset offset) override {
    for (SimulatedReader* reader : readers_) reader->rewind(offset);
  }
  bool append_unreadable(LogPartition /*partition*/, UnreadableRecord /*record*/) override {
    return false;
  }

  // RocksDB decides by itself what it fsyncs. What must survive is fsynced by the call that stores
  // it, or lost and written again.
  void checkpoint_stores() override {}

  std::uint64_t lose_power() override {
    KONOMI_ASSERT(readers_.empty(), "whoever reads is gone before the power is");
    disk_.switch_off();
    engine_.reset();
    disk_.lose_unsynced();
    open();
    return disk_.lost_bytes();
  }

 private:
  void open() {
    auto opened = RocksEngine::open(directory_.path(), clock_,
                                    {.block_cache_bytes = kBlockCacheBytes,
                                     .write_buffers_bytes = kWriteBuffersBytes,
                                     .background_threads = 1,
                                     .env = disk_.env()});
    KONOMI_ASSERT(opened, "whatever was lost, the engine opens");
    engine_ = *std::move(opened);
  }

  const Clock& clock_;
  support::TemporaryDirectory directory_;
  support::FaultyDisk disk_;
  memory::Faults faults_;
  HandedOut handed_out_;
  std::set<SimulatedReader*> readers_;
  std::unique_ptr<RocksEngine> engine_;
  SimulatedOrderLog order_log_{engine_, faults_, disk_};
  SimulatedOrderStore order_store_{engine_, faults_};
  SimulatedSummaryStore summary_store_{engine_, faults_};
  SimulatedPreferenceStore preference_store_{engine_, faults_};
  SimulatedSettingsStore settings_store_{engine_, faults_};
  SimulatedDeadLetters dead_letters_{engine_, faults_};
};

}  // namespace

std::unique_ptr<SimulatedEngine> make_rocks_engine(const Clock& clock) {
  return std::make_unique<SimulatedRocks>(clock);
}

}  // namespace konomi::sim
