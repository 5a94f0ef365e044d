// What happens to orders and readers when a broker hangs or dies.
#include "adapters/kafka/kafka_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace konomi::kafka {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::IsSupersetOf;

constexpr auto kPatience = 60s;

// Which of the two it is depends on what the reader was doing when the broker went.
bool is_call_again(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::timed_out;
}

class KafkaOutage : public testing::Test {
 protected:
  KafkaOutage() {
    options_.brokers = broker_.address();
    options_.topic = administrator_.new_topic(kPartitions);
    options_.settings["socket.timeout.ms"] = "1000";
  }

  void open() { engine_ = value_of(KafkaEngine::open(options_, clock_)); }
  std::unique_ptr<OrderLogReader> reader() {
    return value_of(engine_->open_reader(stores_.order_store()));
  }
  // Appends until it succeeds.
  void append_at_last(const std::vector<Order>& orders) {
    const auto until = steady_clock::now() + kPatience;
    Result<void> appended = append(engine_->order_log(), orders);
    while (!appended && steady_clock::now() < until)
      appended = append(engine_->order_log(), orders);
    value_of(appended);
  }

  static constexpr std::uint32_t kPartitions = 2;
  OwnBroker broker_;
  Administrator administrator_{broker_.address()};
  KafkaOptions options_;
  ManualClock clock_{instant(0)};
  memory::MemoryEngine stores_{clock_};
  std::unique_ptr<KafkaEngine> engine_;
};

TEST_F(KafkaOutage, IsToldAndIsOverByItself) {
  options_.append_timeout = 1500ms;
  options_.query_timeout = 1000ms;
  open();
  const auto reader = this->reader();
  value_of(append(engine_->order_log(), numbered(0, 3)));
  EXPECT_EQ(orders_in(read_all(*reader, kPartitions)), numbered(0, 3));

  // A broker that hangs: what was sent may be written.
  broker_.freeze();
  const auto unknown = append(engine_->order_log(), numbered(3, 1));
  EXPECT_EQ(unknown.error().code, ErrorCode::timed_out) << unknown.error().message;
  EXPECT_TRUE(unknown.error().may_have_happened);
  EXPECT_FALSE(engine_->order_log().ends());
  EXPECT_FALSE(reader->read_to_end());
  broker_.thaw();
  append_at_last(numbered(4, 1));

  // A broker that is gone: nothing can be sent, and the reader says so.
  broker_.kill();
  EXPECT_FALSE(append(engine_->order_log(), numbered(5, 1)));
  EXPECT_TRUE(is_call_again(read_error(*reader)));
  broker_.start();
  append_at_last(numbered(6, 1));

  // Those without an answer may be there too.
  std::set<std::string> ids;
  const auto until = steady_clock::now() + kPatience;
  while (!ids.contains("6") && steady_clock::now() < until) {
    auto polled = reader->poll(100, 500ms, {});
    if (!polled) {
      EXPECT_TRUE(is_call_again(polled.error())) << polled.error().message;
      continue;
    }
    for (const Order& found : orders_in(*polled)) ids.insert(found.order_id.value());
  }
  EXPECT_THAT(ids, IsSupersetOf({"4", "6"}));
}

TEST_F(KafkaOutage, WhatWasAcknowledgedIsInTheLogOnceAndInOrder) {
  open();
  constexpr int kTills = 4;
  constexpr int kUnansweredMax = 50;
  std::vector<std::set<int>> acknowledged(kTills);
  std::vector<int> appended(kTills);
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> tills;
    for (int till = 0; till < kTills; ++till) {
      tills.emplace_back([&, till](const std::stop_token& stop) {
        const auto own = static_cast<std::size_t>(till);
        std::counting_semaphore<kUnansweredMax> room(kUnansweredMax);
        for (; !stop.stop_requested(); ++appended[own]) {
          room.acquire();
          engine_->order_log().append(numbered(appended[own], 1, fmt::format("till{}", till)),
                                      [&, number = appended[own]](Result<void> result) {
                                        // Only on the log's thread.
                                        if (result) acknowledged[own].insert(number);
                                        ++answered;
                                        room.release();
                                      });
        }
        for (int i = 0; i < kUnansweredMax; ++i) room.acquire();
      });
    }
    const auto wait_for_answers = [&](int more) {
      const int enough = answered + more;
      const auto until = steady_clock::now() + kPatience;
      while (answered < enough && steady_clock::now() < until) std::this_thread::yield();
      EXPECT_GE(answered, enough);
    };
    wait_for_answers(1000);
    for (int i = 0; i < 2; ++i) {
      broker_.kill();
      broker_.start();
      wait_for_answers(1000);
    }
    broker_.freeze();
    EXPECT_FALSE(administrator_.answers(3s));
    broker_.thaw();
    wait_for_answers(1000);
  }
  engine_->close();

  std::map<UserId, std::vector<int>> found;
  for (const Order& order : orders_in(read_all(*reader(), kPartitions)))
    found[order.user_id].push_back(std::stoi(order.order_id.value()));
  for (int till = 0; till < kTills; ++till) {
    const std::vector<int>& numbers = found[UserId(fmt::format("till{}", till))];
    EXPECT_TRUE(std::ranges::is_sorted(numbers));
    const std::set<int> once(numbers.begin(), numbers.end());
    EXPECT_EQ(once.size(), numbers.size());
    EXPECT_TRUE(std::ranges::includes(once, acknowledged[static_cast<std::size_t>(till)]));
    EXPECT_GT(acknowledged[static_cast<std::size_t>(till)].size(), 500U);
  }
}

TEST_F(KafkaOutage, AReaderLeavesABrokerThatHangs) {
  options_.settings.erase("socket.timeout.ms");  // As operators have it.
  open();
  auto reader = this->reader();
  value_of(append(engine_->order_log(), numbered(0, 3)));
  EXPECT_EQ(orders_in(read_all(*reader, kPartitions)), numbered(0, 3));

  broker_.freeze();
  // A commit and a fetch are on their way when it goes, and are never answered.
  value_of(reader->commit({{LogPartition(0), LogOffset(0)}, {LogPartition(1), LogOffset(0)}}));
  value_of(reader->poll(100, 100ms, {}));
  const auto begin = steady_clock::now();
  reader.reset();
  EXPECT_LT(steady_clock::now() - begin, 15s);
  broker_.thaw();
}

}  // namespace
}  // namespace konomi::kafka
