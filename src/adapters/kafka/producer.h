#pragma once

#include "adapters/kafka/client.h"
#include "base/clock.h"
#include "base/completion.h"
#include "base/mutex.h"
#include "base/result.h"
#include "domain/order.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace konomi::kafka {

// The orders of one append() on their way. Shared by the appending thread and the producer's.
struct AppendRequest {
  AppendRequest(Completion<void> whom, std::size_t order_count, std::size_t byte_count)
      : done(std::move(whom)), orders(order_count), bytes(byte_count), unreported(order_count) {}

  void fail(Error error) KONOMI_EXCLUDES(mutex);
  // What to tell `done`, after everything was reported.
  Result<void> outcome() KONOMI_EXCLUDES(mutex);

  Completion<void> done;
  const std::size_t orders;
  const std::size_t bytes;
  std::atomic<std::size_t> unreported;   // Whoever takes the last one finishes the request.
  std::atomic<bool> any_written{false};  // Some order is in the log, or may be.

  Mutex mutex;
  std::optional<Error> first_error KONOMI_GUARDED_BY(mutex);
};

// One librdkafka producer of one topic, and the thread that receives its delivery reports. It lives
// until everything it took has been reported, then its client is gone, and the object is a shell.
//
// librdkafka gives up an idempotent producer for good when it cannot tell any more what the brokers
// have. Then its owner is asked to put another one in its place and to end this one, which fails
// what it still holds.
class Producer {
 public:
  // Called on the producer's thread, `finished` also on a thread that sends. Outlives wait().
  struct Owner {
    // Takes back requests whose orders are all reported: in one call what was reported together.
    std::function<void(std::vector<std::unique_ptr<AppendRequest>>)> finished;
    // librdkafka has given the producer up. Returns whether that is taken care of; else it is
    // called again a second later.
    std::function<bool()> given_up;
  };

  // As Client::open().
  static Result<std::shared_ptr<Producer>> open(const KafkaOptions& options, Owner owner);
  ~Producer();  // As wait().
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Sends every order, or none from the first one on that librdkafka does not take; the request
  // finishes on whichever thread learns of its last order. Never blocks. Called through a
  // ProducerInUse.
  void send(const std::vector<Order>& orders, Timestamp received_at,
            std::unique_ptr<AppendRequest> request);

  // Asks the thread to receive reports until `until`, to give up the rest, and to let the client
  // go. Does not wait for it.
  void end(std::chrono::steady_clock::time_point until);
  // After end(): returns when everything was reported and the client is gone. Not on the thread.
  void wait();
  bool is_gone() const { return gone_; }  // Whether wait() would return at once.

  rd_kafka_t* client() const { return client_->handle(); }

 private:
  friend class ProducerInUse;

  Producer(const KafkaOptions& options, Owner owner);

  using TimePoint = std::chrono::steady_clock::time_point;

  void serve();
  void take_reports(EventHandle event);
  void note_report(const rd_kafka_message_t& message);
  void hand_over_if_given_up();
  void finish(std::vector<AppendRequest*> requests);
  std::optional<TimePoint> ends_at();

  const KafkaOptions& options_;
  const Owner owner_;
  std::unique_ptr<Client> client_;
  QueueHandle reports_;
  TopicHandle topic_;

  // Of the thread alone.
  bool given_up_ = false;                  // By librdkafka.
  std::optional<TimePoint> hand_over_at_;  // When the owner is told, or told again.

  std::atomic<int> users_{0};
  std::atomic<std::size_t> in_client_{0};  // Orders that librdkafka has and has not reported.
  std::atomic<bool> gone_{false};

  Mutex mutex_;
  std::optional<TimePoint> ends_at_ KONOMI_GUARDED_BY(mutex_);

  std::jthread thread_;
};

// While one is there the producer takes orders and keeps its client, even when end() is called.
// Not made after end().
class ProducerInUse {
 public:
  explicit ProducerInUse(std::shared_ptr<Producer> producer) : producer_(std::move(producer)) {
    ++producer_->users_;
  }
  ProducerInUse(ProducerInUse&&) noexcept = default;
  ProducerInUse& operator=(ProducerInUse&&) = delete;
  ~ProducerInUse() {
    if (producer_) --producer_->users_;
  }

  Producer* operator->() const { return producer_.get(); }

 private:
  std::shared_ptr<Producer> producer_;  // Null after a move.
};

}  // namespace konomi::kafka
