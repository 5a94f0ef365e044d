#include "consume/sorting.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace konomi::consume {
namespace {

using MarkKey = std::tuple<BusinessDay, Bucket, LogPartition>;

bool needs_unknown_type(const LogRecord& record, const KnownMenuTypes& known) {
  const auto* order = std::get_if<Order>(&record.content);
  return order != nullptr && order->status == OrderStatus::placed &&
         !known.types.contains(order->menu_type);
}

OrderRefusal refusal_of(const TooOld& too_old) {
  return {.reason = std::string(kExpiredDay),
          .message = fmt::format("the order is of a day before {}, whose orders have left "
                                 "(retention_orders): the day's figures are final; expected an "
                                 "order of a later day; correct ordered_at, or discard it",
                                 to_string(too_old.kept_from))};
}

// The letter that a refused record is, or was before it was replayed.
DeadLetter dead_letter(const LogRecord& record, RefusedRecord refused, Timestamp now) {
  return {.position = record.original.value_or(record.position),
          .key = std::move(refused.raw.key),
          .value = std::move(refused.raw.value),
          .headers = std::move(refused.raw.headers),
          .logged_at = record.logged_at,
          .reason = std::move(refused.why.reason),
          .message = std::move(refused.why.message),
          .failed_at = now,
          .history = {}};
}

void add_dead_letter(SortedRecords& sorted, const LogRecord& record, RefusedRecord refused,
                     Timestamp now) {
  if (record.original) {
    sorted.letter_events.push_back({.letter = *record.original,
                                    .kind = LetterEvent::Kind::failed_again,
                                    .at = now,
                                    .position = record.position,
                                    .reason = refused.why.reason,
                                    .text = refused.why.message});
  }
  sorted.dead_letters.push_back(dead_letter(record, std::move(refused), now));
}

void raise_mark(std::map<MarkKey, LogOffset>& marks, const MarkKey& key, LogOffset offset) {
  const auto [mark, is_new] = marks.try_emplace(key, offset);
  if (!is_new) mark->second = std::max(mark->second, offset);
}

void raise_watermark(std::map<LogPartition, Watermark>& watermarks, const LogRecord& record) {
  Watermark& watermark = watermarks[record.position.partition];
  watermark.next_offset =
      std::max(watermark.next_offset, LogOffset(record.position.offset.value() + 1));
  watermark.stored_up_to = std::max(watermark.stored_up_to, record.logged_at);
}

}  // namespace

Version version_of(const LogRecord& record) {
  const bool is_comparable =
      record.original && record.original->partition == record.position.partition;
  return Version(is_comparable ? record.original->offset.value() : record.position.offset.value());
}

SortedRecords sort_erasure(const LogRecord& record, BucketCount bucket_count) {
  SortedRecords sorted;
  sorted.records = 1;
  raise_watermark(sorted.batch.watermarks, record);
  const UserId& user_id = std::get<UserErasure>(record.content).user_id;
  sorted.erasure = {.user_id = user_id,
                    .bucket = bucket_of(user_id, bucket_count),
                    .position = record.position,
                    .requested_at = record.logged_at};
  return sorted;
}

bool Judgement::asks_for_types() const {
  return !new_types.empty() || std::ranges::any_of(refused, [](const RefusedRecord& record) {
    return record.why.reason == kUnknownMenuType || record.why.reason == kTooManyMenuTypes;
  });
}

Judgement judge_records(std::span<const LogRecord> records, const KnownMenuTypes& known,
                        const std::optional<TooOld>& too_old) {
  Judgement judgement;
  std::optional<KnownMenuTypes> grown;  // Copied only when needed: a new type is rare.
  for (std::size_t index = 0; index < records.size(); ++index) {
    const LogRecord& record = records[index];
    if (const auto* unreadable = std::get_if<UnreadableRecord>(&record.content)) {
      judgement.refused.push_back(
          {.index = index, .why = {unreadable->reason, unreadable->message}, .raw = {}});
      continue;
    }
    const auto* order = std::get_if<Order>(&record.content);
    if (too_old && order != nullptr && too_old->refuses(record, *order)) {
      judgement.refused.push_back({.index = index, .why = refusal_of(*too_old), .raw = {}});
      continue;
    }
    const KnownMenuTypes& known_now = grown ? *grown : known;
    if (!needs_unknown_type(record, known_now)) continue;
    const MenuType& type = std::get<Order>(record.content).menu_type;
    if (auto refusal = refusal_of(type, known_now)) {
      judgement.refused.push_back({.index = index, .why = *std::move(refusal), .raw = {}});
      continue;
    }
    if (!grown) grown = known;
    grown->types.insert(type);
    judgement.new_types.push_back(type);
  }
  return judgement;
}

CommonReason most_common_reason(const Judgement& judgement) {
  std::map<std::string_view, CommonReason> by_reason;
  CommonReason most;
  for (const RefusedRecord& refused : judgement.refused) {
    if (refused.why.reason == kExpiredDay) continue;
    CommonReason& of_reason = by_reason[refused.why.reason];
    if (of_reason.first == nullptr) of_reason.first = &refused.why;
    ++of_reason.records;
    if (of_reason.records > most.records) most = of_reason;
  }
  return most;
}

SortedRecords sort_records(std::vector<LogRecord> records, Judgement judgement,
                           const PassBy& pass_by, const BusinessCalendar& calendar,
                           BucketCount bucket_count, Timestamp now) {
  SortedRecords sorted;
  sorted.records = records.size();
  sorted.new_types = std::move(judgement.new_types);
  sorted.batch.orders.reserve(records.size());
  std::map<MarkKey, LogOffset> marks;
  auto refused = judgement.refused.begin();
  for (std::size_t index = 0; index < records.size(); ++index) {
    LogRecord& record = records[index];
    raise_watermark(sorted.batch.watermarks, record);
    if (const std::optional<PassedBy> why = pass_by(record)) {
      ++(*why == PassedBy::erased ? sorted.erased : sorted.redelivered);
      if (refused != judgement.refused.end() && refused->index == index) ++refused;
      continue;
    }
    if (refused != judgement.refused.end() && refused->index == index) {
      add_dead_letter(sorted, record, std::move(*refused++), now);
      continue;
    }
    Order& order = std::get<Order>(record.content);
    const BusinessDay day = calendar.day_of(order.ordered_at);
    const Bucket bucket = bucket_of(order.user_id, bucket_count);
    raise_mark(marks, {day, bucket, record.position.partition}, record.position.offset);
    const Version version = version_of(record);
    sorted.batch.orders.push_back(
        {.day = day, .bucket = bucket, .stored = {.order = std::move(order), .version = version}});
  }
  sorted.batch.marks.reserve(marks.size());
  for (const auto& [key, offset] : marks) {
    const auto& [day, bucket, partition] = key;
    sorted.batch.marks.push_back({.day = day, .bucket = bucket, .position = {partition, offset}});
  }
  return sorted;
}

}  // namespace konomi::consume
