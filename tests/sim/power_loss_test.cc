// The power fails under the whole embedded engine, at any moment: what had not been fsynced is gone
// from the log and from the stores alike. Afterwards every acknowledged order is counted once.
#include "adapters/rocks/engine.h"
#include "aggregate/aggregator.h"
#include "base/log.h"
#include "base/metrics.h"
#include "consume/consumer.h"
#include "domain/timestamp.h"
#include "tests/sim/oracle.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/figures.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/value_of.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <random>
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
using support::FaultyDisk;
using support::read_figures;
using support::TemporaryDirectory;
using support::value_of;

constexpr std::uint64_t kSeeds = 3;  // Each life costs a second of fsyncs.
constexpr int kLives = 6;            // Of one data directory; each but the last ends without power.
constexpr int kStepsMax = 120;
constexpr int kDrainRoundsMax = 1'000;
constexpr BucketCount kBuckets(4);
// Small, so that some of what was written reaches the disk by itself and some does not.
constexpr std::size_t kWriteBuffersBytes = 256 << 10;

class Restaurant {
 public:
  explicit Restaurant(std::uint64_t seed) : random_(seed) {}

  void live(bool ends_well) {
    start();
    for (int steps = between(1, kStepsMax); steps > 0; --steps) {
      const int what = between(1, 10);
      if (what <= 5) {
        send();
      } else if (what <= 8) {
        (void)consumer_->step({});
      } else {
        clock_.advance(seconds(2));
        (void)aggregator_->tick({});
      }
      if (between(1, 4) == 1) settle();
    }
    if (ends_well) return;
    // Some batches are still on their way to the disk when it goes.
    disk_.switch_off();
    power_is_off_ = true;
    stop();
    disk_.lose_unsynced();
    lost_bytes_ += disk_.lost_bytes();
    power_is_off_ = false;
  }

  // What the engine shows at rest, beside what it must.
  std::pair<std::vector<std::string>, std::vector<std::string>> figures() {
    settle();
    clock_.advance(hours(24 * 3));
    int rounds_at_rest = 0;
    for (int i = 0; i < kDrainRoundsMax && rounds_at_rest < 3; ++i) {
      const bool read = value_of(consumer_->step({})) == 0;
      clock_.advance(seconds(10));
      const bool counted = !value_of(aggregator_->tick({}));
      rounds_at_rest = read && counted ? rounds_at_rest + 1 : 0;
    }
    EXPECT_EQ(rounds_at_rest, 3) << "it does not come to rest";
    auto found = read_figures({engine_->order_store(), engine_->summary_store(),
                               engine_->preference_store(), engine_->settings_store()},
                              kBuckets, Detail::answers);
    return {value_of(std::move(found)), oracle_.figures()};
  }

  std::uint64_t lost_bytes() const { return lost_bytes_; }
  std::size_t orders() const { return oracle_.orders(); }

 private:
  struct Batch {
    std::vector<Order> orders;
    enum class State { waiting, acknowledged, unsure };
    std::atomic<State> state = State::waiting;
  };

  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void start() {
    engine_ = value_of(
        rocks::RocksEngine::open(directory_.path(), clock_,
                                 {.write_buffers_bytes = kWriteBuffersBytes, .env = disk_.env()}));
    reader_ = value_of(engine_->open_reader());
    consumer_ = std::make_unique<consume::Consumer>(
        consume::ConsumerPorts{*reader_, engine_->order_store(), engine_->dead_letters(),
                               engine_->settings_store()},
        calendar_, kBuckets, metrics_, clock_,
        consume::ConsumerOptions{.records_max = 40, .poll_wait = milliseconds(0)});
    aggregator_ = std::make_unique<aggregate::Aggregator>(
        aggregate::AggregatePorts{engine_->order_store(), engine_->summary_store(),
                                  engine_->preference_store(), engine_->settings_store()},
        calendar_, kBuckets, metrics_, clock_);
    // The till does not know what became of these, so it sends them again before anything else.
    for (const auto& batch : under_way_) append(batch);
  }

  void stop() {
    aggregator_.reset();
    consumer_.reset();
    reader_.reset();
    engine_.reset();
    note_answers();
  }

  void send() {
    under_way_.push_back(std::make_shared<Batch>());
    for (int i = between(1, 20); i > 0; --i) under_way_.back()->orders.push_back(random_order());
    append(under_way_.back());
  }

  Order random_order() {
    const auto day = calendar_.day_of(clock_.now()) - std::chrono::days(between(0, 3));
    const bool placed = between(1, 6) > 1;
    return {.user_id = UserId(fmt::format("user{}", between(1, 40))),
            .order_id = OrderId(fmt::format("order{}", between(1, 6))),
            .ordered_at = calendar_.interval_of(day).begin + minutes(between(0, 1439)),
            .menu_type = MenuType(fmt::format("type{}", between(1, 5))),
            .status = placed ? OrderStatus::placed : OrderStatus::cancelled};
  }

  // An answer that comes when the power is off never reaches the till.
  void append(const std::shared_ptr<Batch>& batch) {
    batch->state = Batch::State::waiting;
    engine_->order_log().append(batch->orders, [this, batch](const Result<void>& done) {
      const bool heard = done && !power_is_off_;
      batch->state = heard ? Batch::State::acknowledged : Batch::State::unsure;
      batch->state.notify_one();
    });
  }

  void settle() {
    for (const auto& batch : under_way_) batch->state.wait(Batch::State::waiting);
    note_answers();
  }

  // In the order in which they were sent, which is the order of the log.
  void note_answers() {
    while (!under_way_.empty() && under_way_.front()->state == Batch::State::acknowledged) {
      for (const Order& order : under_way_.front()->orders) oracle_.acknowledge(order);
      under_way_.pop_front();
    }
  }

  std::mt19937_64 random_;
  TemporaryDirectory directory_;
  FaultyDisk disk_;
  ManualClock clock_{parse_rfc3339("2025-05-10T03:00:00Z").value()};
  const BusinessCalendar calendar_ = BusinessCalendar::make("Asia/Tokyo", minutes(0)).value();
  Metrics metrics_;
  Oracle oracle_{minutes(0), 1};
  std::uint64_t lost_bytes_ = 0;
  std::atomic<bool> power_is_off_ = false;
  std::deque<std::shared_ptr<Batch>> under_way_;
  std::unique_ptr<rocks::RocksEngine> engine_;
  std::unique_ptr<OrderLogReader> reader_;
  std::unique_ptr<consume::Consumer> consumer_;
  std::unique_ptr<aggregate::Aggregator> aggregator_;
};

TEST(PowerLoss, TakesNoAcknowledgedOrderAndCountsNoneTwice) {
  configure_log(LogLevel::error, LogFormat::text);
  std::uint64_t lost_bytes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Restaurant restaurant(seed);
    for (int life = 1; life <= kLives; ++life) restaurant.live(life == kLives);
    const auto [found, expected] = restaurant.figures();
    ASSERT_EQ(difference(expected, found), "") << "seed " << seed;
    EXPECT_GT(restaurant.orders(), 300U);
    lost_bytes += restaurant.lost_bytes();
  }
  EXPECT_GT(lost_bytes, 0U) << "everything was fsynced: the test shows nothing";
}

}  // namespace
}  // namespace konomi::sim
