#pragma once

#include "domain/ids.h"
#include "domain/order.h"
#include "encoding/order_json.h"

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::kafka {

// Why a record is no order.
struct RecordProblem {
  std::string reason;  // "unreadable" or "invalid_order", as in DeadLetter.
  std::string message;
};

// A record as it lies in the topic.
struct RecordBytes {
  LogPosition position;
  Timestamp logged_at;
  std::optional<std::string_view> value;
  // When konomi took the order, of a record that konomi wrote; asked for only when it matters.
  std::function<std::optional<Timestamp>()> received_at;
};

// Reads the values of the order topic: konomi's JSON, when it begins with "{"; else the line of the
// first version, `user_id,RFC 3339 time,menu_type` without quoting. An order without an id gets the
// record's position as its id. Used by one thread.
class RecordReader {
 public:
  explicit RecordReader(OrderLimits limits) : limits_(limits) {}

  std::expected<Order, RecordProblem> read(const RecordBytes& record);

 private:
  std::expected<OrderFields, RecordProblem> fields_of(std::string_view value);

  const OrderLimits limits_;
  encoding::OrderJsonReader json_;
};

}  // namespace konomi::kafka
