#include "adapters/kafka/dead_letters.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/status.h"
#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// librdkafka reports every message within append_timeout; this is only how often it is asked.
constexpr milliseconds kReportWait{100};
// A record as large as a topic takes by default, with its headers, and more.
constexpr const char* kMessageBytesMax = "16777216";

constexpr std::string_view kFirstHeader = "__connect.errors.topic";
constexpr std::string_view kPartition = "__connect.errors.partition";
constexpr std::string_view kOffset = "__connect.errors.offset";
constexpr std::string_view kMessage = "__connect.errors.exception.message";
constexpr std::string_view kReason = "konomi.reason";
constexpr std::string_view kLoggedAt = "konomi.logged_at";
constexpr std::string_view kFailedAt = "konomi.failed_at";

std::string text_of(Timestamp instant) {
  return std::to_string(instant.time_since_epoch().count());
}

HeadersHandle headers_for(const DeadLetter& letter, const std::string& topic) {
  const bool is_unreadable = letter.reason == "unreadable";
  const std::array<std::pair<std::string_view, std::string>, 12> more = {{
      {kFirstHeader, topic},
      {kPartition, std::to_string(letter.position.partition.value())},
      {kOffset, std::to_string(letter.position.offset.value())},
      {"__connect.errors.connector.name", "konomi"},
      {"__connect.errors.task.id", "0"},
      {"__connect.errors.stage", is_unreadable ? "VALUE_CONVERTER" : "TASK_PUT"},
      {"__connect.errors.class.name", "konomi.consume"},
      {"__connect.errors.exception.class.name", letter.reason},
      {kMessage, letter.message},
      {kReason, letter.reason},
      {kLoggedAt, text_of(letter.logged_at)},
      {kFailedAt, text_of(letter.failed_at)},
  }};
  HeadersHandle headers(rd_kafka_headers_new(letter.headers.size() + more.size()));
  for (const auto& [name, value] : letter.headers) add_header(headers, name, value);
  for (const auto& [name, value] : more) add_header(headers, name, value);
  return headers;
}

// The letter in a record of the topic; nothing when konomi did not write it.
std::optional<DeadLetter> letter_in(const rd_kafka_message_t& message) {
  auto headers = headers_of(message);
  // A replayed letter may have died again: the original may have such headers itself.
  const auto last = std::ranges::find(headers.rbegin(), headers.rend(), kFirstHeader,
                                      &std::pair<std::string, std::string>::first);
  if (last == headers.rend()) return std::nullopt;
  const auto first = std::prev(last.base());
  std::map<std::string, std::string> ours(first, headers.end());
  headers.erase(first, headers.end());

  DeadLetter letter;
  const auto number = [&](std::string_view name) {
    const auto found = ours.find(std::string(name));
    return found == ours.end() ? std::nullopt : number_in(found->second);
  };
  const auto partition = number(kPartition);
  const auto offset = number(kOffset);
  const auto reason = ours.find(std::string(kReason));
  if (!partition || !offset || reason == ours.end()) return std::nullopt;
  letter.position = {.partition = LogPartition(static_cast<std::uint32_t>(*partition)),
                     .offset = LogOffset(static_cast<std::uint64_t>(*offset))};
  letter.key = bytes_in(message.key, message.key_len);
  letter.value = bytes_in(message.payload, message.len);
  letter.headers = std::move(headers);
  letter.logged_at = Timestamp(milliseconds(number(kLoggedAt).value_or(0)));
  letter.reason = std::move(reason->second);
  letter.message = std::move(ours[std::string(kMessage)]);
  letter.failed_at = Timestamp(milliseconds(number(kFailedAt).value_or(0)));
  return letter;
}

// Reads a partition from `from` to before `end`, calling `take` with each record, until it says
// that it has enough.
Result<void> scan(rd_kafka_t* client, const std::string& topic_name, LogPartition partition,
                  LogOffset from, LogOffset end, milliseconds timeout,
                  const std::function<bool(const rd_kafka_message_t&)>& take) {
  const std::string what =
      fmt::format("cannot read partition {} of topic {}", partition.value(), topic_name);
  const TopicHandle topic(rd_kafka_topic_new(client, topic_name.c_str(), nullptr));
  const QueueHandle records(rd_kafka_queue_new(client));
  const auto number = static_cast<std::int32_t>(partition.value());
  if (rd_kafka_consume_start_queue(topic.get(), number, static_cast<std::int64_t>(from.value()),
                                   records.get()) != 0)
    return std::unexpected(error_of(rd_kafka_last_error(), what));
  const auto stop = [number](rd_kafka_topic_t* started) { rd_kafka_consume_stop(started, number); };
  const std::unique_ptr<rd_kafka_topic_t, decltype(stop)> stop_at_the_end(topic.get(), stop);

  LogOffset next = from;
  while (next < end) {
    const MessageHandle message(
        rd_kafka_consume_queue(records.get(), static_cast<int>(timeout.count())));
    if (!message) return std::unexpected(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, what));
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      next = std::max(next, LogOffset(static_cast<std::uint64_t>(message->offset)));
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return std::unexpected(error_of(message->err, what, rd_kafka_message_errstr(message.get())));
    }
    next = LogOffset(static_cast<std::uint64_t>(message->offset) + 1);
    if (!take(*message)) break;
  }
  return {};
}

}  // namespace

KafkaDeadLetters::KafkaDeadLetters(const KafkaOptions& options, Inspector& inspector)
    : options_(options), inspector_(inspector), topic_(dead_letter_topic(options)) {}

Result<void> KafkaDeadLetters::open_writer() {
  if (writer_) return {};
  KONOMI_TRY(ConfHandle conf, make_conf(options_, ClientKind::producer));
  rd_kafka_conf_set(conf.get(), "message.max.bytes", kMessageBytesMax, nullptr, 0);
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

Result<void> KafkaDeadLetters::put(const std::vector<DeadLetter>& letters) {
  if (letters.empty()) return {};
  const MutexLock lock(put_mutex_);
  KONOMI_CHECK_OK(open_writer());
  Result<void> sent;
  std::size_t count = 0;
  for (const DeadLetter& letter : letters) {
    sent = send(letter);
    if (!sent) break;
    ++count;
  }
  std::optional<Error> error = take_reports(count);
  if (!error && !sent) error = std::move(sent).error();
  // librdkafka may have given the producer up; the next call makes another one.
  if (error) writer_.reset();
  if (error) return std::unexpected(*std::move(error));
  return {};
}

Result<void> KafkaDeadLetters::send(const DeadLetter& letter) {
  HeadersHandle headers = headers_for(letter, options_.topic);
  ProduceCall call(writer_->topic.get(), letter.failed_at, nullptr);
  call.to_partition(
      static_cast<std::int32_t>(letter.position.partition.value() % writer_->partitions));
  const ErrorHandle refused =
      call.send(writer_->client->handle(), letter.key, letter.value, headers);
  if (!refused) return {};
  return std::unexpected(error_of(rd_kafka_error_code(refused.get()),
                                  fmt::format("cannot write to topic {}", topic_),
                                  rd_kafka_error_string(refused.get())));
}

std::optional<Error> KafkaDeadLetters::take_reports(std::size_t count) {
  std::optional<Error> first_error;
  while (count > 0) {
    const EventHandle event(
        rd_kafka_queue_poll(writer_->reports.get(), static_cast<int>(kReportWait.count())));
    if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      --count;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || first_error) continue;
      first_error =
          error_of(message->err, fmt::format("topic {} did not take a dead letter", topic_));
    }
  }
  return first_error;
}

Result<void> KafkaDeadLetters::refresh() {
  KONOMI_TRY(rd_kafka_t* const client, inspector_.handle());
  KONOMI_TRY(const std::uint32_t partitions,
             count_partitions(client, topic_, options_.query_timeout));
  KONOMI_TRY(const auto bounds,
             query_bounds(client, topic_, partitions_up_to(partitions), options_.query_timeout));
  const bool is_another_topic = std::ranges::any_of(bounds, [&](const auto& bound) {
    return index_.next_offset(bound.first) > bound.second.end;
  });
  if (is_another_topic) index_.clear();
  for (const auto& [number, bound] : bounds) {
    LogOffset& next = index_.next_offset(number);
    index_.drop_before(number, bound.oldest);
    next = std::max(next, bound.oldest);
    const auto take = [&](const rd_kafka_message_t& message) {
      const LogPosition lies_at{number, LogOffset(static_cast<std::uint64_t>(message.offset))};
      if (const auto letter = letter_in(message)) index_.add(letter->position, lies_at);
      next = LogOffset(lies_at.offset.value() + 1);
      return true;
    };
    KONOMI_CHECK_OK(scan(client, topic_, number, next, bound.end, options_.query_timeout, take));
    next = bound.end;
  }
  return {};
}

Result<std::uint64_t> KafkaDeadLetters::count() {
  const MutexLock lock(read_mutex_);
  KONOMI_CHECK_OK(refresh());
  return index_.size();
}

Result<std::vector<DeadLetter>> KafkaDeadLetters::list(const LogPosition* after,
                                                       std::size_t letters_max) {
  const MutexLock lock(read_mutex_);
  KONOMI_CHECK_OK(refresh());
  KONOMI_TRY(rd_kafka_t* const client, inspector_.handle());
  // Read in the topic's order, answered in the positions'.
  std::map<LogPartition, std::map<LogOffset, LogPosition>> wanted;
  for (const auto& [position, lies_at] : index_.list(after, letters_max))
    wanted[lies_at.partition][lies_at.offset] = position;
  std::map<LogPosition, DeadLetter> found;
  for (const auto& [number, offsets] : wanted) {
    const LogOffset end(offsets.rbegin()->first.value() + 1);
    const auto take = [&](const rd_kafka_message_t& message) {
      const auto at = offsets.find(LogOffset(static_cast<std::uint64_t>(message.offset)));
      if (at == offsets.end()) return true;
      if (auto letter = letter_in(message)) found.emplace(at->second, *std::move(letter));
      return true;
    };
    KONOMI_CHECK_OK(
        scan(client, topic_, number, offsets.begin()->first, end, options_.query_timeout, take));
  }
  std::vector<DeadLetter> letters;
  letters.reserve(found.size());
  for (auto& [position, letter] : found) letters.push_back(std::move(letter));
  return letters;
}

}  // namespace konomi::kafka
