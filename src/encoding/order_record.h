#pragma once

#include "base/clock.h"
#include "domain/ids.h"
#include "domain/order.h"
#include "encoding/order_json.h"

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::encoding {

// Why a record does not hold an order, as in DeadLetter.
inline constexpr std::string_view kUnreadable = "unreadable";
inline constexpr std::string_view kInvalidOrder = "invalid_order";

struct RecordProblem {
  std::string reason;  // One of these two.
  std::string message;
};

// A record as it lies in a log.
struct RecordBytes {
  LogPosition position;
  Timestamp logged_at;
  std::optional<std::string_view> value;
  // When konomi took the order, of a record that konomi wrote; asked for only when it matters.
  std::function<std::optional<Timestamp>()> received_at;
};

// The id of an order that came without one: the same whenever its record is read.
OrderId order_id_of(const LogPosition& position);

// Reads the values of an order log: konomi's JSON, when it begins with "{"; else the line of the
// first version, `user_id,RFC 3339 time,menu_type` without quoting. An order without an id gets the
// record's position as its id. Used by one thread.
class OrderRecordReader {
 public:
  explicit OrderRecordReader(OrderLimits limits) : limits_(limits) {}

  std::expected<Order, RecordProblem> read(const RecordBytes& record);

  // The fields as they stand in a value, not checked. They point into `value` and into memory of
  // this object, until the next call.
  std::expected<OrderFields, RecordProblem> fields_of(std::string_view value);

 private:
  const OrderLimits limits_;
  OrderJsonReader json_;
};

}  // namespace konomi::encoding
