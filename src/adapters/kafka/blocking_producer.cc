#include "adapters/kafka/blocking_producer.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/offsets.h"
#include "adapters/kafka/status.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace konomi::kafka {
namespace {

using std::chrono::milliseconds;

// librdkafka reports every message within append_timeout; this is only how often it is asked.
constexpr milliseconds kReportWait{100};
// A record as large as a topic takes by default, with its headers, and more.
constexpr const char* kRecordBytesMax = "16777216";

}  // namespace

Result<void> BlockingProducer::open() {
  if (writer_) return {};
  KONOMI_TRY(ConfHandle conf, make_conf(options_, ClientKind::producer));
  rd_kafka_conf_set(conf.get(), "message.max.bytes", kRecordBytesMax, nullptr, 0);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  Writer writer;
  KONOMI_TRY(writer.client, Client::open(std::move(conf), ClientKind::producer));
  rd_kafka_t* const client = writer.client->handle();
  writer.reports.reset(rd_kafka_queue_get_main(client));
  writer.topic.reset(rd_kafka_topic_new(client, topic_.c_str(), nullptr));
  if (!writer.topic) {
    return std::unexpected(
        error_of(rd_kafka_last_error(), fmt::format("cannot write to topic {}", topic_)));
  }
  KONOMI_TRY(writer.partitions, count_partitions(client, topic_, options_.query_timeout));
  writer_ = std::move(writer);
  return {};
}

Result<std::vector<LogPosition>> BlockingProducer::send(std::vector<OutgoingMessage> messages) {
  std::vector<LogPosition> positions(messages.size());
  if (messages.empty()) return positions;
  const MutexLock lock(mutex_);
  KONOMI_CHECK_OK(open());
  Result<void> produced;
  std::size_t count = 0;
  for (OutgoingMessage& message : messages) {
    produced = produce(message, positions[count]);
    if (!produced) break;
    ++count;
  }
  std::optional<Error> error = take_reports(count);
  if (!error && !produced) {
    error = std::move(produced).error();
    error->may_have_happened = count > 0;
  }
  if (!error) return positions;
  // librdkafka may have given the producer up; the next call makes another one.
  writer_.reset();
  return std::unexpected(*std::move(error));
}

Result<void> BlockingProducer::produce(OutgoingMessage& message, LogPosition& lies_at) {
  ProduceCall call(writer_->topic.get(), message.timestamp, &lies_at);
  if (message.partition)
    call.to_partition(static_cast<std::int32_t>(message.partition->value() % writer_->partitions));
  const ErrorHandle refused =
      call.send(writer_->client->handle(), message.key, message.value, message.headers);
  if (!refused) return {};
  return std::unexpected(error_of(rd_kafka_error_code(refused.get()),
                                  fmt::format("cannot write to topic {}", topic_),
                                  rd_kafka_error_string(refused.get())));
}

std::optional<Error> BlockingProducer::take_reports(std::size_t count) {
  std::optional<Error> first_error;
  bool any_written = false;
  while (count > 0) {
    const EventHandle event(
        rd_kafka_queue_poll(writer_->reports.get(), static_cast<int>(kReportWait.count())));
    if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      --count;
      const bool is_unwritten =
          message->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
          rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
      any_written = any_written || !is_unwritten;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= 0) {
        *static_cast<LogPosition*>(message->_private) = {
            .partition = LogPartition(static_cast<std::uint32_t>(message->partition)),
            .offset = LogOffset(static_cast<std::uint64_t>(message->offset))};
      } else if (!first_error) {
        // A broker that had the record already, from an attempt whose answer was lost, does not say
        // where: that is an attempt without an answer for whoever asked.
        const rd_kafka_resp_err_t code = message->err == RD_KAFKA_RESP_ERR_NO_ERROR
                                             ? RD_KAFKA_RESP_ERR__TIMED_OUT
                                             : message->err;
        first_error = error_of(code, fmt::format("topic {} did not take a record", topic_));
      }
    }
  }
  if (first_error) first_error->may_have_happened = any_written;
  return first_error;
}

}  // namespace konomi::kafka
