#include "adapters/kafka/dead_letters.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/status.h"
#include "encoding/letter_event_json.h"
#include "encoding/order_record.h"

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

constexpr std::size_t kLettersPerRead = 500;
constexpr std::chrono::hours kEventsStay{24};  // Longer than letters that expired.

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

// Where what belongs to one letter lies in a topic: a partition of it, an offset, the letter.
using Wanted = std::map<LogPartition, std::map<LogOffset, LogPosition>>;

// Reads the records at these places, in the topic's order.
Result<void> read_at(
    rd_kafka_t* client, const std::string& topic, const Wanted& wanted, milliseconds timeout,
    const std::function<void(const LogPosition& letter, const rd_kafka_message_t&)>& take) {
  for (const auto& [partition, offsets] : wanted) {
    const LogOffset end(offsets.rbegin()->first.value() + 1);
    const auto take_wanted = [&](const rd_kafka_message_t& message) {
      const auto at = offsets.find(LogOffset(static_cast<std::uint64_t>(message.offset)));
      if (at != offsets.end()) take(at->second, message);
      return true;
    };
    KONOMI_CHECK_OK(
        scan(client, topic, partition, offsets.begin()->first, end, timeout, take_wanted));
  }
  return {};
}

Result<LetterEvent> event_in(const rd_kafka_message_t& message) {
  return encoding::parse_letter_event(bytes_in(message.payload, message.len));
}

}  // namespace

KafkaDeadLetters::KafkaDeadLetters(const KafkaOptions& options, Inspector& inspector)
    : options_(options),
      inspector_(inspector),
      topic_(dead_letter_topic(options)),
      history_topic_(letter_history_topic(options)),
      letters_(options, topic_),
      histories_(options, history_topic_) {}

Result<void> KafkaDeadLetters::put(const std::vector<DeadLetter>& letters) {
  std::vector<OutgoingMessage> messages;
  for (const DeadLetter& letter : letters) {
    messages.push_back({.key = letter.key,
                        .value = letter.value,
                        .headers = headers_for(letter, options_.topic),
                        .timestamp = letter.failed_at,
                        .partition = letter.position.partition});
  }
  KONOMI_CHECK_OK(letters_.send(std::move(messages)));
  return {};
}

Result<void> KafkaDeadLetters::add(const std::vector<LetterEvent>& events) {
  std::vector<std::pair<std::string, std::string>> records;
  records.reserve(events.size());
  for (const LetterEvent& event : events)
    records.emplace_back(position_text(event.letter), encoding::letter_event_json(event));
  std::vector<OutgoingMessage> messages;
  for (std::size_t i = 0; i < events.size(); ++i) {
    HeadersHandle headers(rd_kafka_headers_new(1));
    add_header(headers, "content-type", "application/json");
    messages.push_back({.key = records[i].first,
                        .value = records[i].second,
                        .headers = std::move(headers),
                        .timestamp = events[i].at,
                        .partition = events[i].letter.partition});
  }
  KONOMI_CHECK_OK(histories_.send(std::move(messages)));
  return {};
}

Result<std::uint64_t> KafkaDeadLetters::erase(const UserId& user_id, const LogPosition& position,
                                              Timestamp at) {
  encoding::OrderRecordReader reader{OrderLimits()};
  const auto is_of_user = [&](const DeadLetter& letter) {
    if (letter.key == user_id.value()) return true;
    const auto fields = reader.fields_of(letter.value);
    return fields && fields->user_id == user_id.value();
  };
  std::uint64_t erased = 0;
  std::optional<LogPosition> after;
  while (true) {
    KONOMI_TRY(const auto letters, list(after ? &*after : nullptr, kLettersPerRead, std::nullopt));
    if (letters.empty()) return erased;
    after = letters.back().position;
    std::vector<LetterEvent> events;
    for (const DeadLetter& letter : letters) {
      if (!is_before(letter.position, position) || !is_of_user(letter)) continue;
      events.push_back({.letter = letter.position,
                        .kind = LetterEvent::Kind::erased,
                        .at = at,
                        .position = position});
    }
    if (events.empty()) continue;
    KONOMI_CHECK_OK(add(events));
    erased += events.size();
  }
}

// An event is later than its letter: so the letter goes first, and the margin keeps the event of
// one that stays because an older one came after it.
Result<std::uint64_t> KafkaDeadLetters::expire(Timestamp before, std::size_t /*letters_max*/) {
  const MutexLock lock(mutex_);
  KONOMI_CHECK_OK(refresh());
  const std::uint64_t dropped = index_.dropped();
  KONOMI_TRY(rd_kafka_t* const client, inspector_.handle());
  KONOMI_CHECK_OK(delete_before(client, topic_, before, options_.query_timeout));
  KONOMI_CHECK_OK(
      delete_before(client, history_topic_, before - kEventsStay, options_.query_timeout));
  KONOMI_CHECK_OK(refresh());
  return index_.dropped() - dropped;
}

// The letters first: what happened to a letter was written after it.
Result<void> KafkaDeadLetters::refresh() {
  KONOMI_TRY(rd_kafka_t* const client, inspector_.handle());
  KONOMI_CHECK_OK(refresh_letters(client));
  return refresh_histories(client);
}

Result<void> KafkaDeadLetters::refresh_letters(rd_kafka_t* client) {
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

Result<void> KafkaDeadLetters::refresh_histories(rd_kafka_t* client) {
  KONOMI_TRY(const std::uint32_t partitions,
             count_partitions(client, history_topic_, options_.query_timeout));
  KONOMI_TRY(const auto bounds, query_bounds(client, history_topic_, partitions_up_to(partitions),
                                             options_.query_timeout));
  for (const auto& [number, bound] : bounds) {
    LogOffset& next = index_.next_event_offset(number);
    next = std::max(next, bound.oldest);
    const auto take = [&](const rd_kafka_message_t& message) {
      const LogPosition lies_at{number, LogOffset(static_cast<std::uint64_t>(message.offset))};
      // What somebody else wrote there is nothing to us.
      if (const auto event = event_in(message)) index_.add(*event, lies_at);
      next = LogOffset(lies_at.offset.value() + 1);
      return true;
    };
    KONOMI_CHECK_OK(
        scan(client, history_topic_, number, next, bound.end, options_.query_timeout, take));
    next = std::max(next, bound.end);
  }
  return {};
}

Result<std::uint64_t> KafkaDeadLetters::count_waiting() {
  const MutexLock lock(mutex_);
  KONOMI_CHECK_OK(refresh());
  return index_.waiting();
}

Result<std::vector<DeadLetter>> KafkaDeadLetters::list(const LogPosition* after,
                                                       std::size_t letters_max,
                                                       std::optional<LetterState> state) {
  const MutexLock lock(mutex_);
  KONOMI_CHECK_OK(refresh());
  return read(index_.list(after, letters_max, state));
}

Result<std::optional<DeadLetter>> KafkaDeadLetters::find(const LogPosition& position) {
  const MutexLock lock(mutex_);
  KONOMI_CHECK_OK(refresh());
  const auto entry = index_.find(position);
  if (!entry) return std::nullopt;
  KONOMI_TRY(auto letters, read({*entry}));
  if (letters.empty()) return std::nullopt;
  return std::optional(std::move(letters.front()));
}

// Read in the topics' order, answered in the positions'.
Result<std::vector<DeadLetter>> KafkaDeadLetters::read(
    const std::vector<LetterIndex::Entry>& entries) {
  KONOMI_TRY(rd_kafka_t* const client, inspector_.handle());
  Wanted wanted_letters;
  Wanted wanted_events;
  for (const LetterIndex::Entry& entry : entries) {
    wanted_letters[entry.lies_at.partition][entry.lies_at.offset] = entry.position;
    for (const LogPosition& lies_at : entry.history)
      wanted_events[lies_at.partition][lies_at.offset] = entry.position;
  }
  std::map<LogPosition, DeadLetter> found;
  const auto take_letter = [&](const LogPosition& position, const rd_kafka_message_t& message) {
    if (auto letter = letter_in(message)) found.emplace(position, *std::move(letter));
  };
  KONOMI_CHECK_OK(read_at(client, topic_, wanted_letters, options_.query_timeout, take_letter));
  const auto take_event = [&](const LogPosition& position, const rd_kafka_message_t& message) {
    const auto letter = found.find(position);
    auto event = event_in(message);
    if (event && letter != found.end()) letter->second.history.push_back(*std::move(event));
  };
  KONOMI_CHECK_OK(
      read_at(client, history_topic_, wanted_events, options_.query_timeout, take_event));
  std::vector<DeadLetter> letters;
  letters.reserve(found.size());
  for (auto& [position, letter] : found) letters.push_back(std::move(letter));
  return letters;
}

}  // namespace konomi::kafka
