#include "adapters/kafka/producer.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/status.h"
#include "base/assert.h"
#include "base/trace.h"
#include "encoding/order_json.h"

#include <fmt/format.h>

#include <utility>

namespace konomi::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollMax{1000};  // Nothing waits for it: whoever ends the producer wakes it.
constexpr milliseconds kPollWhileEnding{10};
constexpr milliseconds kHandOverAgain{1000};

// The headers of every record of one append().
HeadersHandle make_headers(Timestamp received_at) {
  HeadersHandle headers(rd_kafka_headers_new(3));
  add_header(headers, kContentType, "application/json");
  add_header(headers, kReceivedAt, std::to_string(received_at.time_since_epoch().count()));
  if (const auto& trace = current_trace())
    add_header(headers, kTraceparent, traceparent_of(*trace));
  return headers;
}

}  // namespace

void AppendRequest::fail(Error error) {
  const MutexLock lock(mutex);
  if (!first_error) first_error = std::move(error);
}

Result<void> AppendRequest::outcome() {
  const MutexLock lock(mutex);
  if (!first_error) return {};
  Error error = *first_error;
  error.may_have_happened = any_written;
  // "Cancelled" promises that nothing was written.
  if (error.code == ErrorCode::cancelled && any_written) error.code = ErrorCode::timed_out;
  return std::unexpected(std::move(error));
}

Producer::Producer(const KafkaOptions& options, Owner owner)
    : options_(options), owner_(std::move(owner)) {}

Result<std::shared_ptr<Producer>> Producer::open(const KafkaOptions& options, Owner owner) {
  KONOMI_TRY(ConfHandle conf, make_conf(options, ClientKind::producer));
  rd_kafka_conf_set_events(conf.get(),
                           RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
  std::shared_ptr<Producer> producer(new Producer(options, std::move(owner)));
  KONOMI_TRY(producer->client_,
             Client::open(std::move(conf), ClientKind::producer, options.statistics));
  producer->reports_.reset(rd_kafka_queue_get_main(producer->client_->handle()));
  producer->topic_.reset(
      rd_kafka_topic_new(producer->client_->handle(), options.topic.c_str(), nullptr));
  if (!producer->topic_) {
    return std::unexpected(
        error_of(rd_kafka_last_error(), fmt::format("cannot write to topic {}", options.topic)));
  }
  producer->thread_ = std::jthread([self = producer.get()] { self->serve(); });
  return producer;
}

Producer::~Producer() {
  wait();
}

void Producer::wait() {
  if (!thread_.joinable()) return;
  KONOMI_ASSERT(ends_at(), "a producer is ended before it is waited for");
  thread_.join();
}

void Producer::send(const std::vector<Order>& orders, Timestamp received_at,
                    std::unique_ptr<AppendRequest> request) {
  in_client_ += orders.size();
  const HeadersHandle headers = make_headers(received_at);
  // From the first order on that librdkafka takes the request belongs to the messages: it may be
  // finished and gone as soon as the last one was taken.
  AppendRequest* const shared = request.release();
  ProduceCall call(topic_.get(), received_at, shared);
  std::string value;
  for (std::size_t sent = 0; sent < orders.size(); ++sent) {
    value.clear();
    encoding::append_order_json(value, orders[sent]);
    HeadersHandle copy(rd_kafka_headers_copy(headers.get()));
    const ErrorHandle refused =
        call.send(client_->handle(), orders[sent].user_id.value(), value, copy);
    if (!refused) continue;
    shared->fail(error_of(rd_kafka_error_code(refused.get()),
                          fmt::format("cannot append to topic {}", options_.topic),
                          rd_kafka_error_string(refused.get())));
    const std::size_t not_sent = orders.size() - sent;
    const bool was_last = shared->unreported.fetch_sub(not_sent) == not_sent;
    if (was_last) finish({shared});
    in_client_ -= not_sent;
    return;
  }
}

void Producer::end(TimePoint until) {
  const MutexLock lock(mutex_);
  ends_at_ = until;
  // Under the lock: the thread lets the queue go only after it has seen ends_at_.
  rd_kafka_queue_yield(reports_.get());
}

std::optional<Producer::TimePoint> Producer::ends_at() {
  const MutexLock lock(mutex_);
  return ends_at_;
}

void Producer::serve() {
  bool purged = false;
  while (true) {
    const std::optional<TimePoint> ends = ends_at();
    const milliseconds wait = ends ? kPollWhileEnding : kPollMax;
    EventHandle event(rd_kafka_queue_poll(reports_.get(), static_cast<int>(wait.count())));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR) {
      take_reports(std::move(event));
    } else if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR) {
      given_up_ = given_up_ || rd_kafka_event_error_is_fatal(event.get()) != 0;
    } else if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_STATS) {
      client_->take_statistics(rd_kafka_event_stats(event.get()));
    }
    hand_over_if_given_up();
    if (!ends || users_ > 0) continue;
    if (in_client_ == 0) break;
    if (!purged && std::chrono::steady_clock::now() >= *ends) {
      purged = true;
      rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    }
  }
  topic_.reset();
  reports_.reset();
  client_.reset();
  gone_ = true;
}

void Producer::take_reports(EventHandle event) {
  std::vector<AppendRequest*> finished;
  std::size_t reported = 0;
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
    note_report(*message);
    ++reported;
    auto* const request = static_cast<AppendRequest*>(message->_private);
    if (request->unreported.fetch_sub(1) == 1) finished.push_back(request);
  }
  event.reset();  // Frees the messages, before there is room for others.
  finish(std::move(finished));
  in_client_ -= reported;
}

void Producer::note_report(const rd_kafka_message_t& message) {
  auto& request = *static_cast<AppendRequest*>(message._private);
  const bool is_unwritten = message.err != RD_KAFKA_RESP_ERR_NO_ERROR &&
                            rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
  if (!is_unwritten) request.any_written = true;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return;

  Error error =
      error_of(message.err, fmt::format("topic {} did not take an order", options_.topic));
  if (message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && is_unwritten) {
    error = {.code = ErrorCode::unavailable,
             .message = fmt::format("no broker took an order for topic {} within {} ms; check that "
                                    "the brokers run, and the setting that names them",
                                    options_.topic, options_.append_timeout.count())};
  } else if (given_up_) {
    error = {.code = ErrorCode::unavailable,
             .message = "the connection to the brokers had to be made anew; try again"};
  }
  request.fail(std::move(error));
}

void Producer::hand_over_if_given_up() {
  if (!given_up_) return;
  const auto now = std::chrono::steady_clock::now();
  if (hand_over_at_ && now < *hand_over_at_) return;
  hand_over_at_ = owner_.given_up() ? TimePoint::max() : now + kHandOverAgain;
}

void Producer::finish(std::vector<AppendRequest*> requests) {
  if (requests.empty()) return;
  std::vector<std::unique_ptr<AppendRequest>> owned;
  owned.reserve(requests.size());
  for (AppendRequest* const request : requests) owned.emplace_back(request);
  owner_.finished(std::move(owned));
}

}  // namespace konomi::kafka
