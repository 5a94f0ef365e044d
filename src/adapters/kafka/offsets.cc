#include "adapters/kafka/offsets.h"

#include "adapters/kafka/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace konomi::kafka {
namespace {

// The protocol's names for the two ends of a partition, in a request for "the offset at this time".
constexpr std::int64_t kOldest = RD_KAFKA_OFFSET_BEGINNING;
constexpr std::int64_t kEnd = RD_KAFKA_OFFSET_END;

Result<std::map<LogPartition, LogOffset>> query(rd_kafka_t* client, const std::string& topic,
                                                const std::vector<LogPartition>& partitions,
                                                std::int64_t which,
                                                std::chrono::milliseconds timeout) {
  std::map<LogPartition, LogOffset> offsets;
  if (partitions.empty()) return offsets;
  const PartitionsHandle list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const LogPartition partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                      static_cast<std::int32_t>(partition.value()))
        ->offset = which;
  }
  const auto failed = [&](rd_kafka_resp_err_t code, std::string_view part) {
    return std::unexpected(
        error_of(code, fmt::format("cannot ask for the offsets of topic {}{}", topic, part)));
  };
  const rd_kafka_resp_err_t code =
      rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(code, "");
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR || found.offset < 0) {
      return failed(
          found.err != RD_KAFKA_RESP_ERR_NO_ERROR ? found.err : RD_KAFKA_RESP_ERR__TIMED_OUT,
          fmt::format(", partition {}", found.partition));
    }
    offsets.emplace(LogPartition(static_cast<std::uint32_t>(found.partition)),
                    LogOffset(static_cast<std::uint64_t>(found.offset)));
  }
  return offsets;
}

}  // namespace

Result<std::uint32_t> count_partitions(rd_kafka_t* client, const std::string& topic,
                                       std::chrono::milliseconds timeout) {
  const TopicHandle asked(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const std::string what = fmt::format("cannot read the partitions of topic {}", topic);
  if (!asked) return std::unexpected(error_of(rd_kafka_last_error(), what));
  const struct rd_kafka_metadata* read = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client, 0, asked.get(), &read, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error_of(code, what));
  const MetadataHandle metadata(read);
  if (metadata->topic_cnt != 1)
    return std::unexpected(error_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, what));
  const rd_kafka_metadata_topic& found = metadata->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error_of(found.err, what));
  return static_cast<std::uint32_t>(found.partition_cnt);
}

Result<std::map<LogPartition, LogOffset>> query_ends(rd_kafka_t* client, const std::string& topic,
                                                     const std::vector<LogPartition>& partitions,
                                                     std::chrono::milliseconds timeout) {
  return query(client, topic, partitions, kEnd, timeout);
}

Result<std::map<LogPartition, LogBounds>> query_bounds(rd_kafka_t* client, const std::string& topic,
                                                       const std::vector<LogPartition>& partitions,
                                                       std::chrono::milliseconds timeout) {
  // The oldest first: what is trimmed in between only makes the range too wide.
  KONOMI_TRY(const auto oldest, query(client, topic, partitions, kOldest, timeout));
  KONOMI_TRY(const auto ends, query(client, topic, partitions, kEnd, timeout));
  std::map<LogPartition, LogBounds> bounds;
  for (const LogPartition partition : partitions)
    bounds.emplace(partition, LogBounds{oldest.at(partition), ends.at(partition)});
  return bounds;
}

Result<void> delete_before(rd_kafka_t* client, const std::string& topic, Timestamp before,
                           std::chrono::milliseconds timeout) {
  KONOMI_TRY(const std::uint32_t partitions, count_partitions(client, topic, timeout));
  // Before the question for the time: where it finds nothing later, all of this is older.
  KONOMI_TRY(const auto bounds, query_bounds(client, topic, partitions_up_to(partitions), timeout));
  const std::string what = fmt::format("cannot delete old records of topic {}", topic);
  const PartitionsHandle asked(rd_kafka_topic_partition_list_new(static_cast<int>(partitions)));
  for (const auto& [partition, bound] : bounds) {
    rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(),
                                      static_cast<std::int32_t>(partition.value()))
        ->offset = before.time_since_epoch().count();
  }
  const rd_kafka_resp_err_t code =
      rd_kafka_offsets_for_times(client, asked.get(), static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error_of(code, what));
  const PartitionsHandle deleted(rd_kafka_topic_partition_list_new(static_cast<int>(partitions)));
  for (int i = 0; i < asked->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = asked->elems[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error_of(found.err, what));
    const LogBounds& bound = bounds.at(LogPartition(static_cast<std::uint32_t>(found.partition)));
    const auto end = static_cast<std::int64_t>(bound.end.value());
    const std::int64_t to = found.offset < 0 ? end : std::min(found.offset, end);
    if (to <= static_cast<std::int64_t>(bound.oldest.value())) continue;
    rd_kafka_topic_partition_list_add(deleted.get(), topic.c_str(), found.partition)->offset = to;
  }
  if (deleted->cnt == 0) return {};
  const QueueHandle answers(rd_kafka_queue_new(client));
  const DeleteRecordsHandle request(rd_kafka_DeleteRecords_new(deleted.get()));
  rd_kafka_DeleteRecords_t* requests = request.get();
  rd_kafka_DeleteRecords(client, &requests, 1, nullptr, answers.get());
  const EventHandle event(
      rd_kafka_queue_poll(answers.get(), static_cast<int>(2 * timeout.count())));
  if (!event) return std::unexpected(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, what));
  if (const auto failed = rd_kafka_event_error(event.get()); failed != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(error_of(failed, what, rd_kafka_event_error_string(event.get())));
  const rd_kafka_topic_partition_list_t* const done =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int i = 0; i < done->cnt; ++i) {
    if (done->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return std::unexpected(error_of(done->elems[i].err, what));
  }
  return {};
}

std::vector<LogPartition> partitions_up_to(std::uint32_t count) {
  std::vector<LogPartition> partitions;
  for (std::uint32_t i = 0; i < count; ++i) partitions.emplace_back(i);
  return partitions;
}

Result<rd_kafka_t*> Inspector::handle() {
  const MutexLock lock(mutex_);
  if (!client_) {
    KONOMI_TRY(ConfHandle conf, make_conf(options_, ClientKind::inspector));
    KONOMI_TRY(client_, Client::open(std::move(conf), ClientKind::inspector));
  }
  return client_->handle();
}

}  // namespace konomi::kafka
