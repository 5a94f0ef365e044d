#include "tests/sim/pipeline.h"

#include "adapters/memory/engine.h"
#include "aggregate/aggregator.h"
#include "base/assert.h"
#include "base/metrics.h"
#include "consume/consumer.h"
#include "dlq/reprocessing.h"
#include "domain/timestamp.h"
#include "tests/sim/oracle.h"
#include "tests/support/figures.h"
#include "tests/support/forwarding_order_store.h"
#include "verify/verification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace konomi::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using support::Detail;
using support::difference;
using support::FigurePorts;
using support::ForwardingOrderStore;
using support::read_figures;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool one_in(int n) { return n > 0 && between(1, n) == 1; }
  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[static_cast<std::size_t>(between(0, static_cast<int>(N) - 1))];
  }

 private:
  std::mt19937_64 random_;
};

// What one run is like; decided before it begins.
struct Setting {
  explicit Setting(Dice& dice)
      : log_partitions(static_cast<std::uint32_t>(dice.between(1, 3))),
        bucket_count(log_partitions * static_cast<std::uint32_t>(dice.between(1, 3))),
        day_starts_at(dice.pick(std::array{minutes(0), minutes(300), minutes(1439)})),
        min_orders(static_cast<std::uint64_t>(dice.pick(std::array{1, 1, 2, 4}))),
        nightly(dice.one_in(4)),
        users(dice.between(1, 12)),
        types(dice.between(1, 6)),
        days(dice.between(1, 6)),
        steps(dice.between(50, 400)),
        orders_kept_for(hours(24) * dice.pick(std::array{0, 0, 0, 1, 3})),
        calls_per_fault(dice.pick(std::array{0, 300, 60, 20})),
        calls_per_interleaving(dice.pick(std::array{0, 200, 40, 10})),
        misspelt_one_in(orders_leave() ? 0 : dice.pick(std::array{0, 0, 10, 3})),
        holds_batches(dice.one_in(2)) {}

  bool orders_leave() const { return orders_kept_for.count() > 0; }

  std::uint32_t log_partitions;
  BucketCount bucket_count;
  minutes day_starts_at;
  std::uint64_t min_orders;
  bool nightly;
  int users, types, days, steps;
  hours orders_kept_for;       // Raw orders, after their day; 0: for ever.
  int calls_per_fault;         // One call in so many fails; 0: none.
  int calls_per_interleaving;  // Before one in so many another consumer takes a step; 0: never.
  int misspelt_one_in;         // Orders whose type is refused, until somebody mends it; 0: none.
  bool holds_batches;          // Even small ones, when most of their records fail alike.
};

// Sends batches of orders, one at a time, each until it is acknowledged.
struct Till {
  enum class State { idle, waiting, unsure };

  std::vector<Order> batch;
  std::vector<bool> in_time;  // Of each order: logged once, before its day was announced to leave.
  State state = State::idle;
};

constexpr int kTills = 3;
constexpr int kConsumers = 2;
constexpr int kDrainRoundsMax = 10'000;

// A consumer with a mistake in it: a crash or an error between the two writes loses orders.
Result<std::size_t> step_watermark_first(OrderLogReader& reader, OrderStore& orders,
                                         DeadLetters& dead_letters, SettingsStore& settings,
                                         const BusinessCalendar& calendar, BucketCount buckets,
                                         Timestamp now) {
  KONOMI_TRY(auto records, reader.poll(5'000, milliseconds(0), {}));
  if (records.empty()) return 0;
  const KnownMenuTypes known{.types_max = 1'000};
  auto judgement = consume::judge_records(records, known);
  const auto sorted = consume::sort_records(
      std::move(records), std::move(judgement), [](const LogRecord&) { return std::nullopt; },
      calendar, buckets, now);
  KONOMI_CHECK_OK(settings.add_menu_types(sorted.new_types));
  KONOMI_CHECK_OK(dead_letters.put(sorted.dead_letters));
  KONOMI_CHECK_OK(orders.put({.watermarks = sorted.batch.watermarks}));
  KONOMI_CHECK_OK(orders.put({.orders = sorted.batch.orders, .marks = sorted.batch.marks}));
  return sorted.records;
}

// Which consumer the group gives each partition of the log to.
struct Group {
  int generation = 0;  // Rises when partitions change hands.
  std::vector<int> owners;
};

// A consumer's reading of its partitions. What the group has decided it learns when it polls, and
// then begins at the stored watermarks: a batch polled before may still be stored by a consumer
// that is no owner any more.
class GroupReader final : public OrderLogReader {
 public:
  GroupReader(memory::MemoryEngine& engine, const Group& group, int consumer)
      : engine_(engine), group_(group), consumer_(consumer) {}

  Result<std::vector<LogRecord>> poll(std::size_t records_max, milliseconds wait,
                                      std::stop_token stop) override {
    if (!reader_ || generation_ != group_.generation) {
      KONOMI_TRY(reader_, engine_.open_reader());
      generation_ = group_.generation;
      owners_ = group_.owners;
    }
    while (true) {
      KONOMI_TRY(auto records, reader_->poll(records_max, wait, stop));
      if (records.empty()) return records;
      std::erase_if(records, [&](const LogRecord& r) { return !owns(r.position.partition); });
      if (!records.empty()) return records;
    }
  }
  Result<RawRecord> raw(const LogPosition& position) override { return reader_->raw(position); }
  Result<std::map<LogPartition, LogOffset>> read_to_end() override {
    KONOMI_TRY(auto ends, reader_->read_to_end());
    std::erase_if(ends, [&](const auto& end) { return !owns(end.first); });
    return ends;
  }
  Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) override {
    return reader_->commit(next_offsets);
  }

 private:
  bool owns(LogPartition partition) const { return owners_[partition.value()] == consumer_; }

  memory::MemoryEngine& engine_;
  const Group& group_;
  const int consumer_;
  std::unique_ptr<OrderLogReader> reader_;
  int generation_ = 0;
  std::vector<int> owners_;
};

// An order store that counts the placed orders of each day as they pass: not once each, but as
// often as they are stored. With a mistake in it on request: what is written last stays, whatever
// its version.
class CountingOrderStore final : public ForwardingOrderStore {
 public:
  CountingOrderStore(OrderStore& store, bool last_write_stays)
      : ForwardingOrderStore(store), last_write_stays_(last_write_stays) {}

  Result<void> put(const StoreBatch& batch) override {
    if (last_write_stays_) {
      StoreBatch changed = batch;
      for (PlacedRow& row : changed.orders) row.stored.version = Version(++writes_);
      KONOMI_CHECK_OK(store().put(changed));
    } else {
      KONOMI_CHECK_OK(store().put(batch));
    }
    for (const PlacedRow& row : batch.orders) {
      if (row.stored.order.status == OrderStatus::placed) ++orders_[row.day];
    }
    return {};
  }

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
  Result<std::optional<Expiry>> expiry() override {
    KONOMI_TRY(auto expiry, store_.expiry());
    if (expiry && forgets_) expiry->earlier_before = BusinessDay();
    return expiry;
  }
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

// A process and what it works on; without one it is down.
struct ConsumerProcess {
  std::unique_ptr<GroupReader> reader;
  std::unique_ptr<consume::Consumer> consumer;
};

// Of the process whose step is played.
struct Life {
  bool dead = false;      // From some call on.
  int calls_to_live = 0;  // 0: it lives on.
};

class World {
 public:
  World(std::uint64_t seed, PlantedBug bug, const std::function<void(const std::string&)>& trace)
      : dice_(seed),
        setting_(dice_),
        bug_(bug),
        trace_(trace),
        calendar_(BusinessCalendar::make("Asia/Tokyo", setting_.day_starts_at).value()),
        engine_(clock_, {.log_partitions = setting_.log_partitions}),
        counting_store_(engine_.order_store(), bug == PlantedBug::last_write_stays),
        consumers_settings_(engine_.settings_store(), bug == PlantedBug::expiry_forgotten),
        oracle_(setting_.day_starts_at, setting_.min_orders),
        rules_{.preference = {.min_orders = setting_.min_orders}} {
    std::vector<MenuType> types;
    for (int i = 1; i <= setting_.types; ++i) types.push_back(type_named(i));
    if (refuses()) KONOMI_ASSERT(engine_.settings_store().add_menu_types(types), "no faults yet");
    engine_.checkpoint_stores();  // What people decide survives a power loss.
    engine_.decide_faults([this](std::string_view call) { return fate_of(call); });
    share_out();
  }
  ~World() { engine_.release_completions(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome play() {
    say(fmt::format("{} partitions, {} buckets, day starts at {}, min_orders {}, {}, fault 1 in {}",
                    setting_.log_partitions, setting_.bucket_count.value(),
                    day_starts_at_text(setting_.day_starts_at), setting_.min_orders,
                    setting_.nightly ? "nightly" : "always", setting_.calls_per_fault));
    for (int i = 0; i < setting_.steps; ++i) {
      act();
      if (dice_.one_in(200)) {
        check("midway");
        if (outcome_.failure.empty() && dice_.one_in(2)) damage_and_repair();
      }
      if (!outcome_.failure.empty()) return std::move(outcome_);
    }
    check("at the end");
    if (outcome_.failure.empty() && dice_.one_in(4)) {
      damage_and_repair();
      check("after a repair");
    }
    if (outcome_.failure.empty() && dice_.one_in(8)) check_recount();
    return std::move(outcome_);
  }

 private:
  void act() {
    const int what = dice_.between(1, 100);
    if (what <= 30) {
      send(dice_.between(0, kTills - 1));
    } else if (what <= 55) {
      (void)consume(dice_.between(0, kConsumers - 1));
    } else if (what <= 75) {
      (void)aggregate();
    } else if (what <= 90) {
      if (dice_.one_in(40)) {
        change_rules();
      } else if (dice_.one_in(12)) {
        erase_user();
      } else {
        pass_time();
      }
    } else if (what <= 93) {
      kill();
    } else if (what <= 95) {
      dice_.one_in(2) ? rewind() : rebalance();
    } else if (what <= 96) {
      engine_.append_unreadable(LogPartition(0), {.reason = "unreadable", .message = "for a test"});
      ++unreadable_;
      happened("unreadable record");
    } else if (what <= 98) {
      hold_or_release();
    } else if (what <= 99 || !refuses()) {
      checkpoint_or_power_loss();
    } else {
      (void)replay_letters();
    }
  }

  // --- menu types, of which the catalogue holds the right ones only, and their misspelt names

  bool refuses() const { return setting_.misspelt_one_in > 0; }
  static MenuType type_named(int number) { return MenuType(fmt::format("type{}", number)); }
  static MenuType misspelt(const MenuType& type) { return MenuType(type.value() + " misspelt"); }

  dlq::Fix right_names() const {
    dlq::Fix fix;
    for (int i = 1; i <= setting_.types; ++i)
      fix.renamed_menu_types.emplace(misspelt(type_named(i)), type_named(i));
    return fix;
  }

  Order as_meant(Order order) const {
    for (const auto& [wrong, right] : right_names().renamed_menu_types) {
      if (order.menu_type == wrong) order.menu_type = right;
    }
    return order;
  }

  // What an operator does now and then: every letter that waits for a type is mended and replayed.
  // How many; a fault may leave any of it undone, or done and not noted.
  Result<std::uint64_t> replay_letters() {
    dlq::Reprocessing letters({.dead_letters = engine_.dead_letters(),
                               .order_log = engine_.order_log(),
                               .settings = engine_.settings_store()},
                              calendar_, metrics_, clock_,
                              {.limits = {.ahead_max = hours(24 * 30)},
                               .unknown_menu_types = UnknownMenuTypes::refuse,
                               .letters_max = 5});
    std::uint64_t replayed = 0;
    dlq::Selection selection;
    selection.filter.reason = kUnknownMenuType;
    do {
      const auto report = letters.replay(selection, right_names(), false);
      say(report ? fmt::format("replayed {} letters", report->outcomes.size())
                 : "replay failed: " + report.error().message);
      if (!report) {
        happened("replay failed");
        return std::unexpected(report.error());
      }
      replayed += static_cast<std::uint64_t>(
          std::ranges::count(report->outcomes, dlq::Outcome::Kind::replayed, &dlq::Outcome::kind));
      selection.after = report->next_after;
    } while (selection.after);
    if (replayed > 0) happened("letters replayed");
    return replayed;
  }

  // --- tills

  Order random_order(int till) {
    const int user = till + kTills * dice_.between(0, setting_.users / kTills);
    const auto day = calendar_.day_of(clock_.now()) -
                     std::chrono::days(dice_.one_in(3) ? dice_.between(0, setting_.days) : 0);
    Order order{.user_id = UserId(fmt::format("user{}", user)),
                .order_id = OrderId(fmt::format("order{}", dice_.between(1, 4))),
                .ordered_at = calendar_.interval_of(day).begin + minutes(dice_.between(0, 1439)),
                .menu_type = type_named(dice_.between(1, setting_.types))};
    if (dice_.one_in(6)) {
      order.status = OrderStatus::cancelled;
      if (dice_.one_in(2)) order.menu_type = MenuType();
      happened("cancellation");
    } else if (dice_.one_in(setting_.misspelt_one_in)) {
      order.menu_type = misspelt(order.menu_type);
      happened("misspelt type");
    }
    return order;
  }

  void send(int number) {
    Till& till = tills_[static_cast<std::size_t>(number)];
    if (till.state == Till::State::waiting) return;
    if (till.state == Till::State::idle) {
      till.batch.clear();
      for (int i = dice_.between(1, 5); i > 0; --i) till.batch.push_back(random_order(number));
      till.in_time.assign(till.batch.size(), false);
    } else {
      happened("batch sent again");
    }
    // The first attempt, still on its way, may arrive behind the second one.
    const bool arrives_late = till.state == Till::State::unsure && !quiet_ && dice_.one_in(2);
    append(till);
    if (arrives_late) {
      happened("late attempt");
      log_batch(till, [](const Result<void>&) {});
    }
  }

  void append(Till& till) {
    till.state = Till::State::waiting;
    log_batch(till, [this, &till](const Result<void>& done) {
      till.state = done ? Till::State::idle : Till::State::unsure;
      if (!done) return;
      for (std::size_t i = 0; i < till.batch.size(); ++i) {
        const Order& order = till.batch[i];
        if (!till.in_time[i]) continue;  // A dead letter.
        oracle_.acknowledge(as_meant(order));
        say(fmt::format("acknowledged {} {} {} {} {}", to_rfc3339(order.ordered_at),
                        order.user_id.value(), order.order_id.value(), order.menu_type.value(),
                        name_of(order.status)));
        happened("order");
      }
    });
  }

  // Notes which orders are logged by it, with an answer or without, and which of them too late.
  void log_batch(Till& till, const std::function<void(const Result<void>&)>& answered) {
    std::vector<bool> in_time;
    for (const Order& order : till.batch)
      in_time.push_back(!leaves(calendar_.day_of(order.ordered_at)));
    const auto note = [this, &till, in_time, length = log_length(),
                       is_noted = std::make_shared<bool>(false)] {
      if (*is_noted || log_length() == length) return;
      *is_noted = true;
      for (std::size_t i = 0; i < in_time.size(); ++i) {
        if (in_time[i]) {
          till.in_time[i] = true;
        } else {
          ++too_late_[till.batch[i].user_id];
          happened("order for a day that leaves");
        }
      }
    };
    engine_.order_log().append(till.batch, [note, answered](const Result<void>& done) {
      note();
      answered(done);
    });
    note();
  }

  // What `call` gives, of the engine without faults.
  template <class Call>
  auto undisturbed(const Call& call) {
    const bool was_quiet = std::exchange(quiet_, true);
    auto given = call().value();
    quiet_ = was_quiet;
    return given;
  }

  std::uint64_t log_length() {
    const auto ends = undisturbed([this] { return engine_.order_log().ends(); });
    std::uint64_t length = 0;
    for (const auto& [partition, end] : ends) length += end.value();
    return length;
  }

  std::optional<Expiry> expiry() {
    return undisturbed([this] { return engine_.settings_store().expiry(); });
  }
  bool leaves(BusinessDay day) {
    const auto announced = expiry();
    return announced && day < announced->before;
  }

  void hold_or_release() {
    if (!holding_) {
      engine_.hold_completions();
    } else if (dice_.one_in(2)) {
      engine_.release_completions();
    } else {
      engine_.lose_completions();
      happened("answers lost");
    }
    holding_ = !holding_;
  }

  // --- roles: each a process of its own, and each can be killed between any two calls

  consume::ConsumerOptions consumer_options() const {
    return {.records_max = static_cast<std::size_t>(7),
            .poll_wait = milliseconds(0),
            .unknown_menu_types = refuses() ? UnknownMenuTypes::refuse : UnknownMenuTypes::accept,
            // At the end the operator lets everything pass.
            .poison_percent_max = std::uint64_t{quiet_ ? 100U : 50U},
            .poison_records_min = static_cast<std::size_t>(setting_.holds_batches ? 3 : 20)};
  }
  aggregate::AggregatorOptions aggregator_options() const {
    return {.counting = {.users_per_chunk = 2, .orders_per_read = 3},
            .rules = {.min_orders = setting_.min_orders},
            .preferences =
                setting_.nightly ? aggregate::Preferences::nightly : aggregate::Preferences::always,
            .log_partitions = setting_.log_partitions,
            .orders_kept_for = setting_.orders_kept_for};
  }

  ConsumerProcess& process(int number) { return consumers_[static_cast<std::size_t>(number)]; }

  void start_consumer(int number) {
    ConsumerProcess& started = process(number);
    if (started.consumer) return;
    started.reader = std::make_unique<GroupReader>(engine_, group_, number);
    started.consumer = std::make_unique<consume::Consumer>(
        consume::ConsumerPorts{*started.reader, counting_store_, engine_.dead_letters(),
                               consumers_settings_},
        calendar_, setting_.bucket_count, metrics_, clock_, consumer_options());
  }

  Result<std::size_t> consume(int number) {
    maybe_die();
    const int before = std::exchange(active_consumer_, number);
    start_consumer(number);
    auto stored = step_consumer(process(number));
    active_consumer_ = before;
    say(stored ? fmt::format("consumer {} consumed {}", number, *stored)
               : fmt::format("consumer {} failed: {}", number, stored.error().message));
    if (!stored && stored.error().message.contains("fail alike")) happened("batch held");
    if (std::exchange(life_, {}).dead) kill_consumer(number);
    return stored;
  }

  // Of a user who has nothing on the way: what is acknowledged later must be newer in the log.
  void erase_user() {
    const int number = dice_.between(0, setting_.users);
    const Till& till = tills_[static_cast<std::size_t>(number % kTills)];
    if (till.state != Till::State::idle || holding_ || bug_ != PlantedBug::none) return;
    const UserId user(fmt::format("user{}", number));
    // Asked for until there is an answer: once more is the same.
    while (!engine_.order_log().append_erasure({user})) happened("erasure asked for again");
    const auto days = oracle_.erase(user);
    erased_days_.insert(days.begin(), days.end());
    too_late_.erase(user);
    say("erased " + user.value());
    happened("erasure");
  }

  Result<std::size_t> step_consumer(ConsumerProcess& of) {
    return bug_ == PlantedBug::watermark_before_orders
               ? step_watermark_first(*of.reader, engine_.order_store(), engine_.dead_letters(),
                                      engine_.settings_store(), calendar_, setting_.bucket_count,
                                      clock_.now())
               : of.consumer->step({});
  }

  // Between two calls of whatever role is at work.
  void interleave() {
    const Life life = std::exchange(life_, {});
    interleaved_ = true;
    int number = dice_.between(0, kConsumers - 1);
    if (number == active_consumer_) number = (number + 1) % kConsumers;
    if (dice_.one_in(4)) rebalance();
    int steps = 1;
    if (dice_.one_in(20)) {
      erase_user();
      steps = dice_.between(1, 5);  // Perhaps it is read at once.
    }
    happened("consumer between two calls");
    for (; steps > 0; --steps) (void)consume(number);
    interleaved_ = false;
    life_ = life;
  }

  void share_out() {
    group_.owners.clear();
    for (std::uint32_t i = 0; i < setting_.log_partitions; ++i)
      group_.owners.push_back(dice_.between(0, kConsumers - 1));
  }

  void rebalance() {
    ++group_.generation;
    share_out();
    say(fmt::format("rebalance: {}", fmt::join(group_.owners, " ")));
    happened("rebalance");
  }

  Result<bool> aggregate() {
    maybe_die();
    if (!aggregator_) {
      aggregator_ = std::make_unique<aggregate::Aggregator>(
          aggregate::AggregatePorts{engine_.order_store(), engine_.summary_store(),
                                    engine_.preference_store(), engine_.settings_store()},
          calendar_, setting_.bucket_count, metrics_, clock_, aggregator_options());
    }
    const auto announced_before = expiry();
    if (setting_.orders_leave()) clock_.advance(milliseconds(1));  // No order is logged just now.
    auto ticked = aggregator_->tick({});
    if (expiry() != announced_before) {
      engine_.checkpoint_stores();  // It is durable, and so is what was written before it.
      say("orders leave of days before " + to_string(expiry()->before));
      happened("expiry");
    }
    say(ticked ? fmt::format("ticked: {}", *ticked) : "tick failed: " + ticked.error().message);
    if (ticked && *ticked) happened("pass");
    if (std::exchange(life_, {}).dead) aggregator_.reset();
    return ticked;
  }

  void kill_consumer(int number) { process(number) = {}; }

  void kill() {
    if (dice_.one_in(2)) kill_consumer(dice_.between(0, kConsumers - 1));
    if (dice_.one_in(2)) aggregator_.reset();
    say("killed between calls");
    happened("kill between calls");
  }

  // Now and then the process dies at one of its next calls: that one may still have its effect, and
  // no later one has.
  void maybe_die() {
    if (setting_.calls_per_fault > 0 && !quiet_ && dice_.one_in(8))
      life_.calls_to_live = dice_.between(1, 60);
  }

  std::optional<memory::Fault> fate_of(std::string_view call) {
    if (quiet_) return std::nullopt;
    const bool of_role = !call.starts_with("order_log.");
    if (life_.dead && of_role) return memory::Fault{.error = {ErrorCode::unavailable, "dead"}};
    if (of_role && !interleaved_ && dice_.one_in(setting_.calls_per_interleaving)) interleave();
    if (of_role && life_.calls_to_live > 0 && --life_.calls_to_live == 0) {
      life_.dead = true;
      say(fmt::format("dies at {}", call));
      happened("kill within a call");
      return failure(call);
    }
    if (!dice_.one_in(setting_.calls_per_fault)) return std::nullopt;
    happened("fault");
    return failure(call);
  }

  memory::Fault failure(std::string_view call) {
    const bool after_effect = dice_.one_in(2);
    say(fmt::format("{} fails {}", call, after_effect ? "after its effect" : "before its effect"));
    if (after_effect) {
      happened("written but no answer");
      return {.error = {ErrorCode::timed_out, "no answer", true}, .after_effect = true};
    }
    return {.error = {ErrorCode::unavailable, "refused"}};
  }

  // --- the rest of the world

  void pass_time() {
    const milliseconds time = dice_.pick(
        std::array<milliseconds, 8>{milliseconds(1), milliseconds(400), seconds(1), seconds(2),
                                    seconds(10), minutes(7), hours(2), hours(9)});
    clock_.advance(time);
    say("now " + to_rfc3339(clock_.now()));
  }

  void rewind() {
    const LogPartition partition(static_cast<std::uint32_t>(
        dice_.between(0, static_cast<int>(setting_.log_partitions) - 1)));
    engine_.rewind_readers(partition, LogOffset(static_cast<std::uint64_t>(dice_.between(0, 20))));
    say("records come again");
    happened("redelivery");
  }

  void checkpoint_or_power_loss() {
    if (dice_.one_in(2)) {
      engine_.checkpoint_stores();
      return;
    }
    for (int i = 0; i < kConsumers; ++i) kill_consumer(i);
    aggregator_.reset();
    engine_.roll_back_stores();
    put_rules();  // They are durable at once.
    say("power loss");
    happened("power loss");
  }

  // An operator has everything judged by other rules.
  void change_rules() {
    const auto min_orders = static_cast<std::uint64_t>(dice_.pick(std::array{1, 1, 2, 4}));
    rules_ = raised(rules_, {.min_orders = min_orders}).value();
    oracle_.set_min_orders(min_orders);
    put_rules();
    say(fmt::format("min_orders is {}", min_orders));
    happened("other rules");
  }

  void put_rules() {
    const bool was_quiet = std::exchange(quiet_, true);
    if (rules_.generation > Generation(0))
      KONOMI_ASSERT(engine_.settings_store().put_counting_rules(rules_), "no faults now");
    quiet_ = was_quiet;
  }

  // --- verifying and repairing, at rest

  verify::VerifyPorts verify_ports() {
    return {engine_.order_store(), engine_.summary_store(), engine_.preference_store(),
            engine_.settings_store()};
  }
  verify::VerifyOptions verify_options() const {
    verify::VerifyOptions options;
    options.bucket_count = setting_.bucket_count;
    options.log_partitions = setting_.log_partitions;
    options.rules.min_orders = setting_.min_orders;
    options.judged_nightly = setting_.nightly;
    options.rows_per_read = 3;
    options.users_per_chunk = 2;
    options.users_max = 3;
    options.look_again_after = milliseconds(0);
    return options;
  }
  std::unique_ptr<verify::Verification> verified() {
    auto verification = verify::Verification::begin(verify_ports(), verify_options(), calendar_,
                                                    clock_, std::nullopt, std::nullopt);
    KONOMI_ASSERT(verification && (*verification)->run(1, [] {}, {}), "no faults now");
    return std::move(*verification);
  }

  void check_verification(const std::string& when) {
    const auto verification = verified();
    const verify::Report& report = verification->report();
    if (report.differences_total > 0 || !report.not_counted_yet.empty())
      fail_run(when + ": verify is not content\n" + verify::to_text(report));
  }

  // Something is written past everybody. It is found, and the repair is begun; what comes of that
  // is seen by the next check.
  void damage_and_repair() {
    quiet_ = true;
    if (damage()) {
      const auto verification = verified();
      if (verification->report().differences_total == 0) {
        fail_run("verify overlooks damage");
      } else {
        KONOMI_ASSERT(verify::begin_repair(verify_ports(), verify_options(), verification->plan()),
                      "no faults now");
        rules_ = engine_.settings_store().counting_rules().value().value();
        happened("repair");
      }
    }
    quiet_ = false;
  }

  bool damage() {
    const auto days = all_days();
    if (days.empty()) return false;
    DaySummary day =
        days[static_cast<std::size_t>(dice_.between(0, static_cast<int>(days.size()) - 1))];
    if (leaves(day.day)) return false;  // What it was counted from is not there any more.
    const UserId user(fmt::format("user{}", dice_.between(0, setting_.users)));
    const Bucket bucket = bucket_of(user, setting_.bucket_count);
    const auto preference = engine_.preference_store().preferences_of({&user, 1}).value().front();
    const auto counts = engine_.preference_store().counts_of({&user, 1}).value().front();
    const bool is_checked = !counts.empty() && !leaves(counts.back().day);
    switch (dice_.between(1, 4)) {
      case 1:
        ++day.figures.orders;
        say("damaged the total of " + to_string(day.day));
        return engine_.summary_store().put_day(day).has_value();
      case 2: {
        auto part = engine_.summary_store().day_parts(day.day, {&bucket, 1}).value().front();
        if (!part.summary) return false;
        part.summary->figures.checksum ^= 1;
        say(fmt::format("damaged bucket {} of {}", bucket.value(), to_string(day.day)));
        return engine_.summary_store()
            .put_bucket_summary(day.day, bucket, *part.summary)
            .has_value();
      }
      case 3:
        if (!Standing::of(preference).is_type() || !is_checked) return false;
        say("took " + user.value() + " out of a segment");
        return engine_.preference_store()
            .remove_strays({.members = {{preference->menu_type, bucket, user}}}, Version(0))
            .has_value();
      default:
        if (!is_checked || leaves(counts.front().day)) return false;
        say("lost counts of " + user.value());
        return engine_.preference_store()
            .remove_strays({.counts = {{user, counts.front().day}}}, Version(0))
            .has_value();
    }
  }

  // --- the end of it

  // Peace: no faults, every order acknowledged, stored and counted, every day over and final.
  bool drain() {
    quiet_ = true;
    for (int i = 0; i < kConsumers; ++i) kill_consumer(i);
    if (std::exchange(holding_, false)) engine_.release_completions();
    for (int i = 0; i < kTills; ++i) {
      if (tills_[static_cast<std::size_t>(i)].state == Till::State::unsure) send(i);
    }
    clock_.advance(hours(24 * 3));
    int rounds_at_rest = 0;  // Several, for orders must settle before a tick is due.
    for (int i = 0; i < kDrainRoundsMax && rounds_at_rest < 3; ++i) {
      bool at_rest = true;
      for (int number = 0; number < kConsumers; ++number) {
        const auto consumed = consume(number);
        at_rest = at_rest && consumed && *consumed == 0;
      }
      clock_.advance(seconds(10));
      const auto ticked = aggregate();
      const auto replayed = replay_letters();
      at_rest = at_rest && ticked && !*ticked && replayed && *replayed == 0;
      rounds_at_rest = at_rest ? rounds_at_rest + 1 : 0;
    }
    return rounds_at_rest == 3;
  }

  FigurePorts figure_ports() {
    return {engine_.order_store(), engine_.summary_store(), engine_.preference_store(),
            engine_.settings_store()};
  }

  std::vector<DaySummary> all_days() {
    const auto range = engine_.summary_store().days_range().value();
    if (!range) return {};
    return engine_.summary_store().days(range->first, range->last, 10'000).value();
  }

  // A day that has lost its only user stays, without orders, if it was ever counted. A day keeps
  // its figures when a user is erased after the orders have left, and has others when before.
  std::vector<std::string> comparable(std::vector<std::string> lines) {
    std::erase_if(lines, [&](const std::string& line) {
      return line.ends_with(" orders=0 users=0 checksum=0") ||
             std::ranges::any_of(erased_days_, [&](BusinessDay day) {
               return line.starts_with("day " + to_string(day) + " ");
             });
    });
    return lines;
  }

  std::vector<std::string> read(Detail detail) {
    std::set<UserId> users;
    for (int i = 0; i <= setting_.users + kTills; ++i) users.emplace(fmt::format("user{}", i));
    auto lines = read_figures(figure_ports(), setting_.bucket_count, detail, std::move(users));
    KONOMI_ASSERT(lines, "no faults any more");
    return *std::move(lines);
  }

  void check(const std::string& when) {
    say("check " + when);
    happened("check");
    if (!drain()) return fail_run(when + ": the pipeline does not come to rest");
    if (bug_ == PlantedBug::counter_on_the_way_in) put_counters();
    // Nobody is being erased any more: the days that have all their orders are as they must be.
    std::erase_if(erased_days_, [&](BusinessDay day) { return !leaves(day); });
    const std::string wrong =
        difference(comparable(oracle_.figures()), comparable(read(Detail::answers)));
    if (!wrong.empty()) return fail_run(when + ": the figures are wrong\n" + wrong);
    check_bookkeeping(when);
    if (bug_ == PlantedBug::none) check_verification(when);
    quiet_ = false;
  }

  void check_bookkeeping(const std::string& when) {
    const auto ends = engine_.order_log().ends().value();
    auto counted = engine_.summary_store()
                       .progress(all_buckets(setting_.bucket_count))
                       .value()
                       .value_or(CountProgress{});
    for (const auto& [partition, end] : ends) {
      if (counted.next_offsets[partition] != end)
        fail_run(fmt::format("{}: the log ends at {}, counted up to {}", when, end.value(),
                             counted.next_offsets[partition].value()));
    }
    std::uint64_t too_late = 0;
    for (const auto& [user, orders] : too_late_) too_late += orders;
    if (const auto letters = engine_.dead_letters().count_waiting().value();
        letters != unreadable_ + too_late) {
      fail_run(fmt::format("{}: {} unreadable records, {} orders too late, {} dead letters", when,
                           unreadable_, too_late, letters));
      const auto all = engine_.dead_letters().list(nullptr, 1'000, std::nullopt).value();
      for (const DeadLetter& letter : all)
        say(fmt::format("letter {}:{} {} {} {}", letter.position.partition.value(),
                        letter.position.offset.value(), letter.reason, letter.key, letter.value));
    }
    for (const DaySummary& day : all_days()) {
      if (day.state != DayState::final && day.state != DayState::revised)
        fail_run(fmt::format("{}: {} is {} long after its end", when, to_string(day.day),
                             name_of(day.state)));
    }
  }

  // Counting again what is counted changes nothing, whatever process does it.
  void check_recount() {
    quiet_ = true;
    happened("recount");
    // Once before, so that all is counted under the generation of the last repair.
    for (const DaySummary& day : all_days())
      KONOMI_ASSERT(aggregator_->count_day(day.day, {}), "no faults any more");
    const auto before = read(Detail::everything);
    for (const DaySummary& day : all_days())
      KONOMI_ASSERT(aggregator_->count_day(day.day, {}), "no faults any more");
    const auto after = read(Detail::everything);
    const auto without = [](const char* field, std::string& line) {
      const auto at = line.find(field);
      if (at != std::string::npos) line.erase(at, line.find(' ', at + 1) - at);
    };
    const auto lasting = [&](std::vector<std::string> lines) {
      for (std::string& line : lines) {
        without(" computed_at=", line);
        // The same figures with a higher version: there is nothing to count them from.
        constexpr std::string_view kBucket = "bucket ";
        if (line.starts_with(kBucket) &&
            leaves(parse_business_day(line.substr(kBucket.size(), 10)).value()))
          without(" version=", line);
      }
      std::ranges::sort(lines);
      return lines;
    };
    const std::string changed = difference(lasting(before), lasting(after));
    if (!changed.empty()) fail_run("counting again changed something\n" + changed);
  }

  // The planted counter: what it would show is what it has seen stored, however often that was.
  void put_counters() {
    for (DaySummary& day : all_days()) {
      day.figures.orders = counting_store_.orders(day.day);
      KONOMI_ASSERT(engine_.summary_store().put_day(day), "no faults any more");
    }
  }

  void fail_run(const std::string& what) { outcome_.failure += what + "\n"; }
  void happened(const std::string& what) { ++outcome_.happened[what]; }
  void say(const std::string& what) const {
    if (trace_) trace_(what);
  }

  Dice dice_;
  const Setting setting_;
  const PlantedBug bug_;
  const std::function<void(const std::string&)>& trace_;
  ManualClock clock_{parse_rfc3339("2025-05-10T03:00:00Z").value()};
  const BusinessCalendar calendar_;
  Metrics metrics_;
  memory::MemoryEngine engine_;
  CountingOrderStore counting_store_;
  ExpirySettings consumers_settings_;
  Oracle oracle_;
  CountingRules rules_;
  Outcome outcome_;

  std::array<Till, kTills> tills_;
  Group group_;
  std::array<ConsumerProcess, kConsumers> consumers_;
  std::unique_ptr<aggregate::Aggregator> aggregator_;
  std::uint64_t unreadable_ = 0;
  std::map<UserId, std::uint64_t> too_late_;  // Orders logged for days that leave.
  std::set<BusinessDay> erased_days_;         // On which somebody had ordered who was erased since.
  bool holding_ = false;                      // Completions.
  bool quiet_ = false;                        // No faults.
  Life life_;
  int active_consumer_ = -1;  // The one at work; -1: none is.
  bool interleaved_ = false;  // A consumer works between two calls of another role.
};

}  // namespace

Outcome simulate(std::uint64_t seed, PlantedBug bug,
                 const std::function<void(const std::string&)>& trace) {
  return World(seed, bug, trace).play();
}

std::string replay_command(std::uint64_t seed) {
  return fmt::format("konomi_sim --seed {} --trace", seed);
}

}  // namespace konomi::sim
