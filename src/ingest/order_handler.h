#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "ingest/menu_type_gate.h"
#include "ingest/order_ids.h"
#include "ingest/order_reader.h"
#include "ports/order_log.h"
#include "rest/router.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace konomi::ingest {

// Takes orders over HTTP and answers after the log has them: `POST /api/log` in the first version's
// shape, `POST /api/v1/orders` (docs/design.md#http). All accepted orders of a request are one
// append.
class OrderHandler {
 public:
  struct Options {
    OrderLimits limits;
    std::size_t batch_orders_max = kBatchOrdersMaxDefault;
    // Orders given to the log and not answered yet; not less than batch_orders_max, or a full batch
    // never passes.
    std::uint64_t orders_in_flight_max = OrderLog::Limits{}.orders_in_flight_max;
  };

  // Everything passed in outlives the handler.
  OrderHandler(OrderLog& log, MenuTypeGate& menu_types, OrderIds& order_ids, const Clock& clock,
               Metrics& metrics, Options options);
  ~OrderHandler();  // Calls stop().

  // Adds both routes, which use this handler as long as it lives.
  void register_routes(rest::Router& router);

  // The handlers. They never block; the reply is given on a thread of the log, or at once when
  // there is nothing to append. Safe from every thread. `request` need not outlive the call.
  void post_log(const http::Request& request, http::Reply reply);
  void post_orders(const http::Request& request, http::Reply reply);

  // Refuses new requests with 503, and waits until every one that was taken is answered: without
  // end, unless the log still runs or completes what it has with `cancelled`. May be called again.
  void stop();

 private:
  struct State;  // Shared with the completions, which may end after stop() has returned.
  class Answer;

  void append(OrderBatch batch, http::Response success, Answer answer);

  OrderLog& log_;
  MenuTypeGate& menu_types_;
  OrderIds& order_ids_;
  const Clock& clock_;
  const Options options_;
  const std::shared_ptr<State> state_;
};

}  // namespace konomi::ingest
