#include "adapters/rocks/log_record.h"

#include "base/bytes.h"
#include "encoding/fields.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::uint8_t kOrdersLayout = 1;
constexpr std::uint8_t kReplayLayout = 2;
constexpr std::uint8_t kErasureLayout = 3;

std::uint8_t layout_of(LogRecordKind kind) {
  switch (kind) {
    case LogRecordKind::orders:
      return kOrdersLayout;
    case LogRecordKind::replay:
      return kReplayLayout;
    case LogRecordKind::erasure:
      return kErasureLayout;
  }
  return kOrdersLayout;
}

Result<LogHead> read_head(ByteReader& reader) {
  KONOMI_TRY(const std::uint8_t layout, reader.u8());
  if (layout < kOrdersLayout || layout > kErasureLayout) {
    return fail(ErrorCode::corrupted, fmt::format("layout {} is unknown; expected {} to {}", layout,
                                                  kOrdersLayout, kErasureLayout));
  }
  LogHead head;
  if (layout == kReplayLayout) head.kind = LogRecordKind::replay;
  if (layout == kErasureLayout) head.kind = LogRecordKind::erasure;
  KONOMI_TRY(head.orders, reader.varint());
  KONOMI_TRY(head.logged_at, encoding::read_instant(reader));
  return head;
}

Result<Order> read_order(ByteReader& reader) {
  Order order;
  KONOMI_TRY(const std::string_view user_id, reader.text());
  order.user_id = UserId(std::string(user_id));
  KONOMI_TRY(const std::string_view order_id, reader.text());
  order.order_id = OrderId(std::string(order_id));
  KONOMI_CHECK_OK(encoding::read_order_content(reader, order));
  return order;
}

Result<std::optional<LogPosition>> read_original(ByteReader& reader) {
  KONOMI_TRY(const std::uint64_t after_original, reader.varint());
  if (after_original == 0) return std::nullopt;
  return LogPosition{.partition = LogPartition(0), .offset = LogOffset(after_original - 1)};
}

Result<void> read_erasure(ByteReader& reader, const LogHead& head, LogOffset offset, LogOffset from,
                          std::vector<LogRecord>& records) {
  if (head.orders != 1) {
    return fail(ErrorCode::corrupted,
                fmt::format("an erasure counts as {} orders; expected 1", head.orders));
  }
  KONOMI_TRY(const std::string_view user_id, reader.text());
  if (offset >= from) {
    records.push_back({.position = {.partition = LogPartition(0), .offset = offset},
                       .logged_at = head.logged_at,
                       .content = UserErasure{.user_id = UserId(std::string(user_id))},
                       .original = {}});
  }
  return encoding::check_end(reader);
}

Result<void> read_record(ByteReader& reader, LogOffset first, LogOffset from,
                         std::vector<LogRecord>& records) {
  KONOMI_TRY(const LogHead head, read_head(reader));
  if (head.kind == LogRecordKind::erasure) return read_erasure(reader, head, first, from, records);
  for (std::uint64_t i = 0; i < head.orders; ++i) {
    KONOMI_TRY(Order order, read_order(reader));
    std::optional<LogPosition> original;
    if (head.kind == LogRecordKind::replay) {
      KONOMI_TRY(original, read_original(reader));
    }
    const LogOffset offset(first.value() + i);
    if (offset < from) continue;
    records.push_back({.position = {.partition = LogPartition(0), .offset = offset},
                       .logged_at = head.logged_at,
                       .content = std::move(order),
                       .original = original});
  }
  return encoding::check_end(reader);
}

}  // namespace

std::string log_key(LogOffset first) {
  std::string key;
  append_u64(key, first.value());
  return key;
}

Result<LogOffset> decode_log_key(std::string_view key) {
  ByteReader reader(key);
  KONOMI_TRY(const std::uint64_t first, reader.u64());
  KONOMI_CHECK_OK(encoding::check_end(reader));
  return LogOffset(first);
}

std::string encode_log_head(LogRecordKind kind, std::uint64_t orders, Timestamp logged_at) {
  std::string out;
  append_u8(out, layout_of(kind));
  append_varint(out, orders);
  encoding::append_instant(out, logged_at);
  return out;
}

void append_log_order(std::string& out, const Order& order) {
  append_text(out, order.user_id.value());
  append_text(out, order.order_id.value());
  encoding::append_order_content(out, order);
}

void append_log_order(std::string& out, const ReplayedOrder& replayed) {
  append_log_order(out, replayed.order);
  // The place in another log, as of a letter that was migrated, says nothing about this one.
  const bool is_ours = replayed.original && replayed.original->partition == LogPartition(0);
  append_varint(out, is_ours ? replayed.original->offset.value() + 1 : 0);
}

void append_log_erasure(std::string& out, const UserErasure& erasure) {
  append_text(out, erasure.user_id.value());
}

Result<LogHead> decode_log_head(std::string_view value) {
  ByteReader reader(value);
  return read_head(reader);
}

Result<void> decode_log_record(std::string_view key, std::string_view value, LogOffset from,
                               std::vector<LogRecord>& records) {
  KONOMI_TRY(const LogOffset first, decode_log_key(key));
  ByteReader reader(value);
  const std::size_t before = records.size();
  auto read = read_record(reader, first, from, records);
  if (read) return {};
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(before), records.end());
  return fail(ErrorCode::corrupted, fmt::format("the log's record at offset {} is damaged: {}",
                                                first.value(), read.error().message));
}

}  // namespace konomi::rocks
