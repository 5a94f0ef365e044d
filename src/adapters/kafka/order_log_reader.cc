#include "adapters/kafka/order_log_reader.h"

#include "adapters/kafka/message.h"
#include "adapters/kafka/offsets.h"
#include "adapters/kafka/status.h"
#include "base/log.h"
#include "domain/dead_letter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSlice{100};          // How late a stop may be seen.
constexpr milliseconds kCheckTimeout{1000};  // Of the question whether the brokers are back.
constexpr milliseconds kJoinMax{5000};       // How long a reader waits for the group it will leave.
constexpr milliseconds kBeginMax{2000};      // Of the questions within a poll.
// How long a reader waits until the group has heard that it leaves: librdkafka gives up after 5 s.
constexpr milliseconds kLeaveMax{6000};

constexpr int kSyslogEmergency = 0;
constexpr int kSyslogWarning = 4;

KafkaOrderLogReader& reader_of(void* opaque) {
  return *static_cast<KafkaOrderLogReader*>(static_cast<Client*>(opaque)->owner());
}

LogPartition number_of(std::int32_t partition) {
  return LogPartition(static_cast<std::uint32_t>(partition));
}

std::optional<Timestamp> received_at(const rd_kafka_message_t& message) {
  const auto since_1970 = number_in(header_of(message, kReceivedAt).value_or(""));
  if (!since_1970) return std::nullopt;
  return Timestamp(milliseconds(*since_1970));
}

// Of a replayed order. Whatever else says that it was behind itself is no replay.
std::optional<LogPosition> original_of(const rd_kafka_message_t& message,
                                       const LogPosition& position) {
  const auto text = header_of(message, kOriginalPosition);
  if (!text) return std::nullopt;
  const auto original = parse_position(*text);
  const bool is_behind =
      original && original->partition == position.partition && original->offset >= position.offset;
  return is_behind ? std::nullopt : original;
}

// The partition follows from the key, and so does whom an erasure concerns.
std::variant<Order, UnreadableRecord, UserErasure> erasure_in(const rd_kafka_message_t& message) {
  const std::string_view key = bytes_in(message.key, message.key_len);
  if (auto problem = user_id_problem(key)) {
    return UnreadableRecord{
        .reason = std::string(encoding::kUnreadable),
        .message = fmt::format("the key of an erasure is no user id: it {}", *problem)};
  }
  return UserErasure{.user_id = UserId(std::string(key))};
}

PartitionsHandle make_list(std::size_t size) {
  return PartitionsHandle(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

rd_kafka_topic_partition_t& add(const PartitionsHandle& list, const std::string& topic,
                                LogPartition partition) {
  return *rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                            static_cast<std::int32_t>(partition.value()));
}

}  // namespace

KafkaOrderLogReader::KafkaOrderLogReader(const KafkaOptions& options, OrderStore& store,
                                         const Clock& clock)
    : options_(options), store_(store), clock_(clock), record_reader_(options.order_limits) {}

Result<std::unique_ptr<KafkaOrderLogReader>> KafkaOrderLogReader::open(const KafkaOptions& options,
                                                                       OrderStore& store,
                                                                       const Clock& clock) {
  KONOMI_TRY(ConfHandle conf, make_conf(options, ClientKind::reader));
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  std::unique_ptr<KafkaOrderLogReader> reader(new KafkaOrderLogReader(options, store, clock));
  KONOMI_TRY(reader->client_,
             Client::open(std::move(conf), ClientKind::reader, options.statistics, reader.get()));
  rd_kafka_t* const client = reader->client_->handle();
  rd_kafka_poll_set_consumer(client);
  const PartitionsHandle topics = make_list(1);
  rd_kafka_topic_partition_list_add(topics.get(), options.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(client, topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::unexpected(error_of(
        code, fmt::format("cannot read topic {} in group {}", options.topic, options.group)));
  }
  return reader;
}

KafkaOrderLogReader::~KafkaOrderLogReader() {
  messages_.clear();
  if (!client_ || leave()) return;
  // Whoever closes or destroys a client waits until the brokers have answered its last commit,
  // which brokers that hang never do. This one is left to the end of the process, which is near,
  // and the group gives its partitions to others after session.timeout.ms. Nothing calls back from
  // it: its queues are served by nobody.
  log_warning(
      "kafka: the brokers do not answer, so this reader ends without leaving group {}; others get "
      "its partitions after session.timeout.ms",
      options_.group);
  rd_kafka_set_log_level(client_->handle(), kSyslogEmergency);
  (void)client_.release();
}

// Whether the client is closed. As rd_kafka_consumer_close() does it, with a bound.
bool KafkaOrderLogReader::leave() {
  // librdkafka 2.0 aborts the process when a reader goes between joining its group and learning
  // what it gets there.
  const auto joined_by = steady_clock::now() + kJoinMax;
  while (!settled_ && !client_error_ && steady_clock::now() < joined_by)
    next_message(joined_by, {});
  send_commit();
  rd_kafka_t* const client = client_->handle();
  const QueueHandle events(rd_kafka_queue_new(client));
  const ErrorHandle refused(rd_kafka_consumer_close_queue(client, events.get()));
  if (refused) return true;  // Given up by librdkafka: there is nothing to wait for.
  const auto left_by = steady_clock::now() + kLeaveMax;
  while (rd_kafka_consumer_closed(client) == 0) {
    if (steady_clock::now() >= left_by) return false;
    const EventHandle event(rd_kafka_queue_poll(events.get(), static_cast<int>(kSlice.count())));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
      on_rebalance(client, rd_kafka_event_error(event.get()),
                   rd_kafka_event_topic_partition_list(event.get()), client_.get());
    }
  }
  return true;
}

// librdkafka calls this within rd_kafka_consumer_poll() and _close(), on the reader's own thread.
// It asks neither the store nor the brokers: the group waits for its answer.
void KafkaOrderLogReader::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                                       rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  KafkaOrderLogReader& reader = reader_of(opaque);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    reader.take_over(*partitions);
  } else {
    reader.give_away(*partitions);
  }
  rd_kafka_yield(client);  // poll() begins to read what is new, without waiting for a record.
}

void KafkaOrderLogReader::take_over(const rd_kafka_topic_partition_list_t& partitions) {
  for (int i = 0; i < partitions.cnt; ++i)
    partitions_[number_of(partitions.elems[i].partition)] = {};
  settled_ = true;
  // Reading begins in begin_waiting(), when it is known where. Until then librdkafka is told that
  // the group's wish was heard.
  const ErrorHandle error(rd_kafka_incremental_assign(client_->handle(), make_list(0).get()));
  if (error) client_->lines().add(kSyslogWarning, "ASSIGN", rd_kafka_error_string(error.get()));
}

void KafkaOrderLogReader::give_away(const rd_kafka_topic_partition_list_t& partitions) {
  const PartitionsHandle given = make_list(static_cast<std::size_t>(partitions.cnt));
  for (int i = 0; i < partitions.cnt; ++i) {
    const LogPartition number = number_of(partitions.elems[i].partition);
    const auto found = partitions_.find(number);
    if (found == partitions_.end()) continue;
    if (found->second.state == Partition::State::reading) add(given, options_.topic, number);
    partitions_.erase(found);
    uncommitted_.erase(number);
    std::erase_if(polled_,
                  [&](const LogRecord& record) { return record.position.partition == number; });
  }
  const ErrorHandle error(rd_kafka_incremental_unassign(client_->handle(), given.get()));
  if (error) client_->lines().add(kSyslogWarning, "UNASSIGN", rd_kafka_error_string(error.get()));
}

void KafkaOrderLogReader::on_error(rd_kafka_t* /*client*/, int code, const char* /*reason*/,
                                   void* opaque) {
  // librdkafka has written what it knows to the log.
  reader_of(opaque).client_error_ = static_cast<rd_kafka_resp_err_t>(code);
}

Result<std::vector<LogRecord>> KafkaOrderLogReader::poll(std::size_t records_max,
                                                         std::chrono::milliseconds wait,
                                                         std::stop_token stop) {
  if (failure_) return std::unexpected(*std::exchange(failure_, std::nullopt));
  const TimePoint until = steady_clock::now() + wait;
  polled_.clear();
  if (records_max == 0) {
    rest(until, stop);
    return std::exchange(polled_, {});
  }
  messages_.clear();
  next_raw_ = 0;
  polled_at_ = clock_.now();
  Result<void> fetched = fetch(records_max, until, stop);
  if (fetched && polled_.empty() && !stop.stop_requested()) fetched = check_client();
  send_commit();
  if (!fetched) {
    if (polled_.empty()) return std::unexpected(std::move(fetched).error());
    failure_ = std::move(fetched).error();
  }
  return std::exchange(polled_, {});
}

Result<void> KafkaOrderLogReader::fetch(std::size_t records_max, TimePoint until,
                                        const std::stop_token& stop) {
  while (polled_.size() < records_max) {
    KONOMI_CHECK_OK(begin_waiting());
    MessageHandle message = next_message(polled_.empty() ? until : TimePoint::min(), stop);
    if (message) {
      const std::size_t before = polled_.size();
      KONOMI_CHECK_OK(take(*message));
      if (polled_.size() > before) messages_.push_back(std::move(message));
    } else if (!polled_.empty() || stop.stop_requested() || steady_clock::now() >= until) {
      break;
    }
  }
  return {};
}

// Without an assignment librdkafka fetches nothing, and yet stays in the group while it is polled.
// Pausing is not used: librdkafka 2.0 may skip records around it.
void KafkaOrderLogReader::rest(TimePoint until, const std::stop_token& stop) {
  std::vector<LogPartition> reading;
  for (auto& [number, partition] : partitions_) {
    if (partition.state != Partition::State::reading) continue;
    partition.state = Partition::State::waiting;
    reading.push_back(number);
  }
  release(reading);
  do {
    const MessageHandle message = next_message(until, stop);
    if (!message) continue;
    if (auto taken = take(*message); !taken) failure_ = std::move(taken).error();
  } while (!stop.stop_requested() && steady_clock::now() < until);
  send_commit();
}

void KafkaOrderLogReader::release(const std::vector<LogPartition>& numbers) {
  if (numbers.empty()) return;
  const PartitionsHandle list = make_list(numbers.size());
  for (const LogPartition number : numbers) add(list, options_.topic, number);
  const ErrorHandle error(rd_kafka_incremental_unassign(client_->handle(), list.get()));
  if (error) client_->lines().add(kSyslogWarning, "RELEASE", rd_kafka_error_string(error.get()));
}

// The next message, error or end of a partition; none when there is none until then, and now and
// then for the caller to look after other things.
MessageHandle KafkaOrderLogReader::next_message(TimePoint until, const std::stop_token& stop) {
  const auto left = std::chrono::ceil<milliseconds>(std::clamp<steady_clock::duration>(
      until - std::min(until, steady_clock::now()), milliseconds(0), kSlice));
  const milliseconds wait = stop.stop_requested() ? milliseconds(0) : left;
  return MessageHandle(rd_kafka_consumer_poll(client_->handle(), static_cast<int>(wait.count())));
}

Result<void> KafkaOrderLogReader::begin_waiting() {
  std::vector<LogPartition> waiting;
  bool is_known = true;
  for (const auto& [number, partition] : partitions_) {
    if (partition.state != Partition::State::waiting) continue;
    waiting.push_back(number);
    is_known = is_known && partition.next_offset;
  }
  if (waiting.empty()) return {};

  std::map<LogPartition, Watermark> watermarks;
  if (!is_known) {
    KONOMI_TRY(watermarks, store_.watermarks());
  }
  KONOMI_TRY(const auto bounds, query_bounds(client_->handle(), options_.topic, waiting,
                                             std::min(options_.query_timeout, kBeginMax)));
  const PartitionsHandle begin = make_list(waiting.size());
  std::vector<LogPartition> begun;
  std::optional<Error> gap;
  for (const LogPartition number : waiting) {
    Partition& partition = partitions_.at(number);
    const auto& [oldest, end] = bounds.at(number);
    if (!partition.next_offset) {
      const auto stored = watermarks.find(number);
      const bool is_new = stored == watermarks.end();
      partition.next_offset = is_new ? oldest : stored->second.next_offset;
      if (!is_new) partition.last_logged_at = stored->second.stored_up_to;
    }
    const LogOffset start = *partition.next_offset;
    if (auto fits = check_start(number, start, oldest, end); !fits) {
      gap = stop_reading(number, partition, std::move(fits).error());
      continue;
    }
    add(begin, options_.topic, number).offset = static_cast<std::int64_t>(start.value());
    begun.push_back(number);
  }
  const ErrorHandle error(rd_kafka_incremental_assign(client_->handle(), begin.get()));
  if (error) {
    return std::unexpected(error_of(rd_kafka_error_code(error.get()),
                                    fmt::format("cannot begin to read topic {}", options_.topic),
                                    rd_kafka_error_string(error.get())));
  }
  for (const LogPartition number : begun) partitions_.at(number).state = Partition::State::reading;
  if (gap) return std::unexpected(*std::move(gap));
  return {};
}

Result<void> KafkaOrderLogReader::check_start(LogPartition number, LogOffset start,
                                              LogOffset oldest, LogOffset end) {
  if (start < oldest) {
    return fail(ErrorCode::corrupted,
                fmt::format("partition {} of topic {} begins at offset {}, and only what lies "
                            "before {} is stored: {} records were deleted before they were read; "
                            "raise the topic's retention, and begin a new topic and keyspace with "
                            "what `konomi export orders` has and the missing orders from another "
                            "copy, by `konomi import`",
                            number.value(), options_.topic, oldest.value(), start.value(),
                            oldest.value() - start.value()));
  }
  if (start > end) {
    return fail(ErrorCode::corrupted,
                fmt::format("partition {} of topic {} ends at offset {}, and everything before {} "
                            "is stored: this is another topic than the one that was read; name "
                            "the right brokers and topic; if it is lost, begin a new keyspace "
                            "and bring in what `konomi export orders` has, by `konomi import`",
                            number.value(), options_.topic, end.value(), start.value()));
  }
  return {};
}

Error KafkaOrderLogReader::stop_reading(LogPartition number, Partition& partition, Error error) {
  const bool was_reading = partition.state == Partition::State::reading;
  partition.state = Partition::State::stopped;
  if (was_reading) release({number});
  log_error("kafka: {}", error.message);
  return error;
}

Result<void> KafkaOrderLogReader::take(const rd_kafka_message_t& message) {
  const auto found = partitions_.find(number_of(message.partition));
  const bool is_read =
      found != partitions_.end() && found->second.state == Partition::State::reading;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (is_read) take_record(message, found->second);
    return {};
  }
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // Also past records that are nobody's to read: the marks of transactions.
    const LogOffset end(static_cast<std::uint64_t>(message.offset));
    if (is_read) found->second.next_offset = std::max(*found->second.next_offset, end);
    return {};
  }
  if (is_rebalance(message.err)) {
    client_->lines().add(kSyslogWarning, "GROUP", rd_kafka_message_errstr(&message));
    return {};
  }
  Error error = error_of(message.err, fmt::format("cannot read topic {}", options_.topic),
                         rd_kafka_message_errstr(&message));
  const bool is_gap = message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
  if (!is_gap && error.code != ErrorCode::corrupted) {
    settled_ = true;
    return std::unexpected(std::move(error));
  }
  // librdkafka would go on behind what it cannot read. A partition that is begun anew is compared
  // with the log first, which tells a gap from a topic that is another one.
  if (!is_read) return {};
  if (is_gap) {
    found->second.state = Partition::State::waiting;
    release({found->first});
    return {};
  }
  return std::unexpected(stop_reading(found->first, found->second, std::move(error)));
}

void KafkaOrderLogReader::take_record(const rd_kafka_message_t& message, Partition& partition) {
  const LogOffset offset(static_cast<std::uint64_t>(message.offset));
  if (offset < *partition.next_offset) return;  // Handed out already.
  partition.next_offset = LogOffset(offset.value() + 1);

  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  Timestamp logged_at{milliseconds(rd_kafka_message_timestamp(&message, &kind))};
  // A producer's clock may say anything. One record from the future would make everything up to
  // then look stored.
  if (kind != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) {
    logged_at =
        kind == RD_KAFKA_TIMESTAMP_CREATE_TIME ? std::min(logged_at, polled_at_) : polled_at_;
  }
  partition.last_logged_at = std::max(partition.last_logged_at, logged_at);

  LogRecord record{.position = {.partition = number_of(message.partition), .offset = offset},
                   .logged_at = partition.last_logged_at,
                   .content = {},
                   .original = {}};
  record.original = original_of(message, record.position);
  if (options_.traces) {
    if (const auto text = header_of(message, kTraceparent)) record.trace = parse_traceparent(*text);
  }
  if (header_of(message, kRecordType) == kErasureRecord) {
    record.content = erasure_in(message);
    polled_.push_back(std::move(record));
    return;
  }
  encoding::RecordBytes bytes{.position = record.position,
                              .logged_at = logged_at,
                              .value = std::nullopt,
                              .received_at = [&message] { return received_at(message); }};
  if (message.payload != nullptr) bytes.value = bytes_in(message.payload, message.len);
  if (auto order = record_reader_.read(bytes)) {
    record.content = *std::move(order);
  } else {
    record.content = UnreadableRecord{.reason = std::move(order.error().reason),
                                      .message = std::move(order.error().message)};
  }
  polled_.push_back(std::move(record));
}

// Most often asked for in the order in which they were handed out.
Result<RawRecord> KafkaOrderLogReader::raw(const LogPosition& position) {
  for (std::size_t tried = 0; tried < messages_.size(); ++tried) {
    const rd_kafka_message_t& message = *messages_[(next_raw_ + tried) % messages_.size()];
    const LogPosition lies_at{number_of(message.partition),
                              LogOffset(static_cast<std::uint64_t>(message.offset))};
    if (lies_at != position) continue;
    next_raw_ += tried + 1;
    return RawRecord{.key = std::string(bytes_in(message.key, message.key_len)),
                     .value = std::string(bytes_in(message.payload, message.len)),
                     .headers = headers_of(message)};
  }
  return fail(ErrorCode::internal, fmt::format("record {} was not handed out by the last poll",
                                               position_text(position)));
}

// Whether the last error is over. librdkafka says when it loses the brokers, and does not say when
// it has them back.
Result<void> KafkaOrderLogReader::check_client() {
  if (!client_error_) return {};
  std::array<char, kErrorTextBytes> why{};
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client_->handle(), why.data(), why.size());
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Error error = error_of(fatal, "this reader cannot go on", why.data());
    error.code = ErrorCode::invalid_argument;
    if (fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
      error.message += "; give every konomi that consumes a group.instance.id of its own";
    return std::unexpected(std::move(error));
  }
  if (count_partitions(client_->handle(), options_.topic, kCheckTimeout)) {
    client_error_.reset();
    return {};
  }
  return std::unexpected(
      error_of(*client_error_, fmt::format("cannot read topic {}", options_.topic)));
}

Result<std::map<LogPartition, LogOffset>> KafkaOrderLogReader::read_to_end() {
  std::vector<LogPartition> begun;
  for (const auto& [number, partition] : partitions_) {
    if (partition.state != Partition::State::stopped && partition.next_offset)
      begun.push_back(number);
  }
  KONOMI_TRY(auto ends,
             query_ends(client_->handle(), options_.topic, begun, options_.query_timeout));
  std::erase_if(
      ends, [&](const auto& end) { return *partitions_.at(end.first).next_offset < end.second; });
  return ends;
}

Result<void> KafkaOrderLogReader::commit(const std::map<LogPartition, LogOffset>& next_offsets) {
  for (const auto& [number, offset] : next_offsets) {
    if (partitions_.contains(number)) uncommitted_[number] = offset;
  }
  send_commit();
  return {};
}

// One at a time: what comes while the brokers think is sent together.
void KafkaOrderLogReader::send_commit() {
  if (committing_ || uncommitted_.empty()) return;
  const PartitionsHandle list = make_list(uncommitted_.size());
  for (const auto& [number, offset] : uncommitted_)
    add(list, options_.topic, number).offset = static_cast<std::int64_t>(offset.value());
  const rd_kafka_resp_err_t code = rd_kafka_commit(client_->handle(), list.get(), 1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    client_->lines().add(kSyslogWarning, "COMMIT", rd_kafka_err2str(code));
    return;
  }
  committing_ = true;
  uncommitted_.clear();
}

void KafkaOrderLogReader::on_commit(rd_kafka_t* /*client*/, rd_kafka_resp_err_t code,
                                    rd_kafka_topic_partition_list_t* /*offsets*/, void* opaque) {
  KafkaOrderLogReader& reader = reader_of(opaque);
  reader.committing_ = false;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || is_rebalance(code)) return;
  reader.client_->lines().add(kSyslogWarning, "COMMIT", rd_kafka_err2str(code));
}

}  // namespace konomi::kafka
