#pragma once

#include "base/result.h"
#include "domain/order.h"

#include <memory>
#include <string>
#include <string_view>

namespace konomi::encoding {

// The value of a log record on the cluster, for every reader and writer of the topic:
//   {"v":1,"order_id":"A7","user_id":"tky1","ordered_at":"2025-05-31T00:00:00.000Z",
//    "menu_type":"washoku","status":"placed"}
// `v` is the version of this schema; without it, 1 is meant.
void append_order_json(std::string& out, const Order& order);

// Reads such values. Used by one thread.
class OrderJsonReader {
 public:
  OrderJsonReader();
  ~OrderJsonReader();
  OrderJsonReader(const OrderJsonReader&) = delete;
  OrderJsonReader& operator=(const OrderJsonReader&) = delete;

  // The fields as they stand there, not checked; they point into memory of this object until the
  // next call. Unknown fields are ignored, null means absent, and of a field that is repeated the
  // last one counts.
  //   corrupted          no JSON object, or of a schema version that this konomi does not know
  //   invalid_argument   a field of an order is not text
  Result<OrderFields> read(std::string_view json);

 private:
  struct Scratch;

  std::unique_ptr<Scratch> scratch_;
};

}  // namespace konomi::encoding
