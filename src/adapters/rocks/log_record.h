#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "domain/order.h"
#include "ports/order_log.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::rocks {

// A record of the embedded log: orders that were committed together (docs/formats.md).
//   key    the offset of its first order, 8 bytes big-endian
//   value  head, then the orders one after the other; of a replay, each with its original position;
//          of an erasure, which counts as one order, the user
std::string log_key(LogOffset first);
Result<LogOffset> decode_log_key(std::string_view key);

enum class LogRecordKind { orders, replay, erasure };

std::string encode_log_head(LogRecordKind kind, std::uint64_t orders, Timestamp logged_at);
void append_log_order(std::string& out, const Order& order);
void append_log_order(std::string& out, const ReplayedOrder& replayed);
void append_log_erasure(std::string& out, const UserErasure& erasure);

struct LogHead {
  LogRecordKind kind = LogRecordKind::orders;
  std::uint64_t orders = 0;
  Timestamp logged_at;
};
Result<LogHead> decode_log_head(std::string_view value);

// Appends to `records` the orders of the record from offset `from` on. `corrupted` names the
// offset.
Result<void> decode_log_record(std::string_view key, std::string_view value, LogOffset from,
                               std::vector<LogRecord>& records);

}  // namespace konomi::rocks
