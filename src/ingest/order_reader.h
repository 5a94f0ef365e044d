#pragma once

#include "base/clock.h"
#include "domain/order.h"
#include "ingest/menu_type_gate.h"
#include "ingest/order_ids.h"

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::ingest {

enum class BodyFormat {
  first_version,      // One object {"user_id","timestamp","menu_type"}.
  json,               // One order, or an array of orders.
  ndjson,             // An order a line; empty lines are skipped.
  cloudevent,         // One structured CloudEvent whose `data` is the order.
  cloudevents_batch,  // An array of them.
};

inline constexpr std::size_t kBatchOrdersMaxDefault = 10'000;

struct ReadRules {
  Timestamp now;
  OrderLimits limits;
  std::size_t orders_max = kBatchOrdersMaxDefault;
  // The order_id of a body that is a single order. Checked like an order_id; must equal the one in
  // the body, if there is one.
  std::optional<std::string_view> idempotency_key;
};

struct RejectedOrder {
  std::size_t index = 0;  // The how-manieth order of the body, from 0.
  std::optional<std::string> order_id;
  std::vector<FieldProblem> problems;  // At least one; pointers within the item, "" for all of it.
};

struct OrderBatch {
  bool single = false;                  // The body was one order, not an array or lines.
  std::vector<Order> accepted;          // In the body's order, each with an order_id.
  std::vector<RejectedOrder> rejected;  // By index.
};

// Why nothing of a body can be used.
struct BodyProblem {
  enum class Kind { malformed, too_many_orders };
  Kind kind = Kind::malformed;
  std::string detail;
};

// Reads and checks every order of a body. A broken order is rejected by itself; the whole body is
// refused when its JSON is malformed (of NDJSON only the line is rejected then), when it holds no
// order or more than `orders_max`, or when an idempotency key came with a batch.
// JSON is read strictly (RFC 8259, UTF-8, nothing after the value). Unknown fields are ignored,
// null means absent, and of a field that is repeated the last one counts. Safe from every thread;
// each keeps its parser for the next call.
std::expected<OrderBatch, BodyProblem> read_orders(BodyFormat format, std::string_view body,
                                                   const ReadRules& rules,
                                                   const MenuTypeGate::View& menu_types,
                                                   OrderIds& order_ids);

}  // namespace konomi::ingest
