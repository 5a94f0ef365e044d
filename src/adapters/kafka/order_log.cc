#include "adapters/kafka/order_log.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/producer.h"
#include "base/log.h"
#include "domain/dead_letter.h"
#include "encoding/order_json.h"
#include "wire/json_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace konomi::kafka {
namespace {

// What an order takes in librdkafka's queue beyond its texts: the other fields, headers, and the
// message around them.
constexpr std::size_t kOrderBytesMore = 400;

std::size_t bytes_of(const std::vector<Order>& orders) {
  std::size_t bytes = 0;
  for (const Order& order : orders) {
    // The user is in the key and in the value.
    bytes += kOrderBytesMore + 2 * order.user_id.value().size() + order.order_id.value().size() +
             order.menu_type.value().size();
  }
  return bytes;
}

}  // namespace

KafkaOrderLog::KafkaOrderLog(const KafkaOptions& options, Inspector& inspector, const Clock& clock)
    : options_(options), inspector_(inspector), clock_(clock), replays_(options, options.topic) {}

KafkaOrderLog::~KafkaOrderLog() {
  close();
}

Result<void> KafkaOrderLog::open() {
  const MutexLock lock(mutex_);
  if (!producer_ && !closing_) {
    KONOMI_TRY(producer_, open_producer());
  }
  return {};
}

Result<std::shared_ptr<Producer>> KafkaOrderLog::open_producer() {
  auto opened =
      Producer::open(options_, {.finished = [this](auto requests) { finish(std::move(requests)); },
                                .given_up = [this] { return replace_producer(); }});
  if (opened && observer_) observer_((*opened)->client());
  return opened;
}

void KafkaOrderLog::append(std::vector<Order> orders, Completion<void> done) {
  if (orders.empty()) return done({});
  auto request = std::make_unique<AppendRequest>(std::move(done), orders.size(), bytes_of(orders));
  auto producer = reserve(*request);
  if (!producer) return request->done(std::unexpected(std::move(producer).error()));
  (*producer)->send(orders, clock_.now(), std::move(request));
}

Result<std::vector<LogPosition>> KafkaOrderLog::replay(const std::vector<ReplayedOrder>& orders) {
  {
    const MutexLock lock(mutex_);
    if (closing_) return fail(ErrorCode::cancelled, "the log is closing");
  }
  const Timestamp now = clock_.now();
  const std::string received_at = std::to_string(now.time_since_epoch().count());
  std::vector<std::string> values(orders.size());
  std::vector<OutgoingMessage> messages;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    encoding::append_order_json(values[i], orders[i].order);
    HeadersHandle headers(rd_kafka_headers_new(3));
    add_header(headers, kContentType, "application/json");
    add_header(headers, kReceivedAt, received_at);
    if (orders[i].original)
      add_header(headers, kOriginalPosition, position_text(*orders[i].original));
    messages.push_back({.key = orders[i].order.user_id.value(),
                        .value = values[i],
                        .headers = std::move(headers),
                        .timestamp = now,
                        .partition = std::nullopt});
  }
  return replays_.send(std::move(messages));
}

Result<LogPosition> KafkaOrderLog::append_erasure(const UserErasure& erasure) {
  {
    const MutexLock lock(mutex_);
    if (closing_) return fail(ErrorCode::cancelled, "the log is closing");
  }
  wire::JsonWriter json;
  json.begin_object().key("user_id").text(erasure.user_id.value()).end_object();
  const std::string value = json.take();
  const Timestamp now = clock_.now();
  HeadersHandle headers(rd_kafka_headers_new(3));
  add_header(headers, kContentType, "application/json");
  add_header(headers, kReceivedAt, std::to_string(now.time_since_epoch().count()));
  add_header(headers, kRecordType, kErasureRecord);
  std::vector<OutgoingMessage> messages;
  messages.push_back({.key = erasure.user_id.value(),
                      .value = value,
                      .headers = std::move(headers),
                      .timestamp = now,
                      .partition = std::nullopt});
  KONOMI_TRY(const auto positions, replays_.send(std::move(messages)));
  return positions.front();
}

Result<ProducerInUse> KafkaOrderLog::reserve(const AppendRequest& request) {
  const MutexLock lock(mutex_);
  if (closing_) return fail(ErrorCode::cancelled, "the log is closing");
  const bool is_full =
      unfinished_orders_ != 0 &&
      (unfinished_orders_ + request.orders > options_.log_limits.orders_in_flight_max ||
       unfinished_bytes_ + request.bytes > options_.log_limits.bytes_in_flight_max);
  if (is_full) {
    return fail(ErrorCode::overloaded,
                fmt::format("{} orders wait for topic {} to acknowledge them; try again",
                            unfinished_orders_, options_.topic));
  }
  if (!producer_) {
    auto opened = open_producer();
    // Not the fault of whoever sent the orders.
    if (!opened) return fail(ErrorCode::unavailable, std::move(opened).error().message);
    producer_ = *std::move(opened);
  }
  unfinished_orders_ += request.orders;
  unfinished_bytes_ += request.bytes;
  return ProducerInUse(producer_);
}

void KafkaOrderLog::finish(std::vector<std::unique_ptr<AppendRequest>> requests) {
  {
    const MutexLock lock(mutex_);
    for (const auto& request : requests) {
      unfinished_orders_ -= request->orders;
      unfinished_bytes_ -= request->bytes;
    }
  }
  for (const auto& request : requests) request->done(request->outcome());
}

bool KafkaOrderLog::replace_producer() {
  const MutexLock lock(mutex_);
  if (closing_) return true;  // It is ended already.
  auto next = open_producer();
  if (!next) {
    log_error("kafka: the producer was given up and cannot be made anew: {}; trying again",
              next.error().message);
    return false;
  }
  log_warning(
      "kafka: the producer was given up, for it lost track of what the brokers have; a new "
      "one takes over");
  producer_->end(std::chrono::steady_clock::now());
  std::erase_if(replaced_, [](const auto& earlier) { return earlier->is_gone(); });
  replaced_.push_back(std::exchange(producer_, *std::move(next)));
  return true;
}

Result<std::map<LogPartition, LogOffset>> KafkaOrderLog::ends() {
  KONOMI_TRY(rd_kafka_t* const client, inspector_.handle());
  KONOMI_TRY(const std::uint32_t count,
             count_partitions(client, options_.topic, options_.query_timeout));
  return query_ends(client, options_.topic, partitions_up_to(count), options_.query_timeout);
}

void KafkaOrderLog::close() {
  std::vector<std::shared_ptr<Producer>> ending;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    ending = std::exchange(replaced_, {});
    if (producer_) {
      producer_->end(std::chrono::steady_clock::now() + options_.close_timeout);
      ending.push_back(std::exchange(producer_, nullptr));
    }
  }
  for (const auto& producer : ending) producer->wait();
}

}  // namespace konomi::kafka
