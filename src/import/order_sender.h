#pragma once

#include "base/result.h"
#include "client/log_standing.h"
#include "client/server.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::import {

// Tells the person who watches, in one sentence.
using Note = std::function<void(std::string_view)>;

struct RetryOptions {
  std::chrono::milliseconds first_wait{100};
  std::chrono::milliseconds wait_max = std::chrono::seconds(5);
  std::chrono::milliseconds give_up_after = std::chrono::minutes(10);
};

// What became of a batch of orders.
struct BatchOutcome {
  struct Rejection {
    std::size_t index = 0;  // The order's place in the batch.
    std::string reason;
  };
  std::uint64_t accepted = 0;
  std::vector<Rejection> rejections;  // Ascending by index.
};

// Sends batches of orders to POST /api/v1/orders, one at a time, so that a later row of an order
// stays later in the log. Used by one thread at a time.
class OrderSender {
 public:
  // `server` outlives the sender. `note` hears of waiting, once per outage.
  OrderSender(client::Server& server, RetryOptions options, client::Pause pause, Note note)
      : server_(server), options_(options), pause_(std::move(pause)), note_(std::move(note)) {}

  // `lines` are the orders as NDJSON, each with its line feed and an order_id. Tries again while
  // the server is full or does not answer; splits a batch that is too large for it. Errors:
  // `unavailable` when it gave up, `cancelled` on stop, `internal` for an answer that is no
  // konomi's.
  Result<BatchOutcome> send(const std::vector<std::string>& lines);

 private:
  Result<BatchOutcome> send_range(const std::vector<std::string>& lines, std::size_t begin,
                                  std::size_t end);
  Result<client::Answer> post_until_answered(std::string_view body);

  client::Server& server_;
  const RetryOptions options_;
  const client::Pause pause_;
  const Note note_;
};

}  // namespace konomi::import
