#include "consume/sorting.h"

#include "base/json.h"
#include "domain/text.h"
#include "domain/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace konomi::consume {
namespace {

struct Refusal {
  std::string reason;
  std::string message;
};

// Why an order of a type that is not known is not stored; nothing when the type may be added.
std::optional<Refusal> refusal_of(const MenuType& type, const KnownMenuTypes& known) {
  if (known.unknown == UnknownMenuTypes::refuse) {
    return Refusal{"unknown_menu_type",
                   fmt::format("menu type {} is not in the catalogue, and unknown_menu_types is "
                               "\"refuse\"; add it to the catalogue and replay this record",
                               quote(type.value()))};
  }
  if (known.types.size() >= known.types_max) {
    return Refusal{"too_many_menu_types",
                   fmt::format("menu type {} would be one more than menu_types_max = {}; raise it "
                               "and replay this record",
                               quote(type.value()), known.types_max)};
  }
  return std::nullopt;
}

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

DeadLetter dead_letter(LogRecord&& record, Refusal refusal, Timestamp now) {
  DeadLetter letter{.position = record.position,
                    .logged_at = record.logged_at,
                    .reason = std::move(refusal.reason),
                    .message = std::move(refusal.message),
                    .failed_at = now};
  if (auto* unreadable = std::get_if<UnreadableRecord>(&record.content)) {
    letter.key = std::move(unreadable->key);
    letter.value = std::move(unreadable->value);
    letter.headers = std::move(unreadable->headers);
  } else {
    const Order& order = std::get<Order>(record.content);
    letter.key = order.user_id.value();
    letter.value = json_of(order);
  }
  return letter;
}

using MarkKey = std::tuple<BusinessDay, Bucket, LogPartition>;

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

std::string json_of(const Order& order) {
  return fmt::format(
      R"({{"order_id":{},"user_id":{},"ordered_at":"{}","menu_type":{},"status":"{}"}})",
      json_text(order.order_id.value()), json_text(order.user_id.value()),
      to_rfc3339(order.ordered_at), json_text(order.menu_type.value()), name_of(order.status));
}

bool needs_unknown_type(const LogRecord& record, const KnownMenuTypes& known) {
  const auto* order = std::get_if<Order>(&record.content);
  return order != nullptr && order->status == OrderStatus::placed &&
         !known.types.contains(order->menu_type);
}

SortedRecords sort_records(std::vector<LogRecord> records, const BusinessCalendar& calendar,
                           BucketCount bucket_count, KnownMenuTypes& known, Timestamp now) {
  SortedRecords sorted;
  sorted.records = records.size();
  sorted.batch.orders.reserve(records.size());
  std::map<MarkKey, LogOffset> marks;
  for (LogRecord& record : records) {
    raise_watermark(sorted.batch.watermarks, record);
    if (const auto* unreadable = std::get_if<UnreadableRecord>(&record.content)) {
      Refusal refusal{unreadable->reason, unreadable->message};
      sorted.dead_letters.push_back(dead_letter(std::move(record), std::move(refusal), now));
      continue;
    }
    if (needs_unknown_type(record, known)) {
      const MenuType& type = std::get<Order>(record.content).menu_type;
      if (auto refusal = refusal_of(type, known)) {
        sorted.dead_letters.push_back(dead_letter(std::move(record), *std::move(refusal), now));
        continue;
      }
      known.types.insert(type);
      sorted.new_types.push_back(type);
    }
    Order& order = std::get<Order>(record.content);
    const BusinessDay day = calendar.day_of(order.ordered_at);
    const Bucket bucket = bucket_of(order.user_id, bucket_count);
    raise_mark(marks, {day, bucket, record.position.partition}, record.position.offset);
    sorted.batch.orders.push_back({.day = day,
                                   .bucket = bucket,
                                   .stored = {.order = std::move(order),
                                              .version = Version(record.position.offset.value())}});
  }
  sorted.batch.marks.reserve(marks.size());
  for (const auto& [key, offset] : marks) {
    const auto& [day, bucket, partition] = key;
    sorted.batch.marks.push_back({.day = day, .bucket = bucket, .position = {partition, offset}});
  }
  return sorted;
}

}  // namespace konomi::consume
