#include "ingest/order_handler.h"

#include "domain/text.h"
#include "ingest/probe.h"
#include "rest/media_type.h"
#include "wire/json_writer.h"
#include "wire/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::ingest {
namespace {

constexpr std::string_view kIdempotencyKey = "idempotency-key";
constexpr std::size_t kIdempotencyKeyBytesMax = 128;

struct MediaType {
  std::string_view name;
  BodyFormat format;
};

constexpr std::array<MediaType, 4> kMediaTypes = {{
    {"application/json", BodyFormat::json},
    {"application/x-ndjson", BodyFormat::ndjson},
    {"application/cloudevents+json", BodyFormat::cloudevent},
    {"application/cloudevents-batch+json", BodyFormat::cloudevents_batch},
}};

std::optional<BodyFormat> format_of(std::string_view content_type) {
  const auto* const found = std::ranges::find_if(kMediaTypes, [&](const MediaType& known) {
    return rest::is_media_type(content_type, known.name);
  });
  if (found == kMediaTypes.end()) return std::nullopt;
  return found->format;
}

std::string came_content_type(const std::optional<std::string_view>& content_type) {
  return content_type ? quote(*content_type) : "none";
}

std::optional<std::string> idempotency_key_problem(std::string_view key) {
  if (key.empty() || key.size() > kIdempotencyKeyBytesMax) {
    return fmt::format("Idempotency-Key {} has {} bytes; expected 1 to {}", quote(key), key.size(),
                       kIdempotencyKeyBytesMax);
  }
  if (const auto problem = text_problem(key))
    return fmt::format("Idempotency-Key {} {}", quote(key), *problem);
  return std::nullopt;
}

// What became of the orders, for the sender who decides whether to send them again.
Error explained(Error error) {
  if (error.code == ErrorCode::cancelled) {
    error.code = ErrorCode::unavailable;
    error.message = "the server is stopping";
  }
  error.message += error.may_have_happened
                       ? "; the orders may have been written all the same: send them again with "
                         "the same order_ids, so that none is counted twice"
                       : "; nothing was written: send again";
  return error;
}

void write_item(wire::JsonWriter& json, std::size_t index, const Order& order) {
  json.begin_object();
  json.key("index").number(index);
  json.key("status").text("accepted");
  json.key("order_id").text(order.order_id.value());
  json.end_object();
}

void write_item(wire::JsonWriter& json, const RejectedOrder& rejected) {
  json.begin_object();
  json.key("index").number(rejected.index);
  json.key("status").text("rejected");
  if (rejected.order_id) json.key("order_id").text(*rejected.order_id);
  wire::write_problems(json, rejected.problems);
  json.end_object();
}

// The members `accepted`, `rejected` and `results`.
void write_results(wire::JsonWriter& json, const OrderBatch& batch, bool every_item) {
  json.key("accepted").number(batch.accepted.size());
  json.key("rejected").number(batch.rejected.size());
  json.key("results").begin_array();
  std::size_t index = 0;
  auto accepted = batch.accepted.begin();
  const auto write_accepted_before = [&](std::size_t end) {
    for (; every_item && index < end; ++index, ++accepted) write_item(json, index, *accepted);
    ++index;
  };
  for (const RejectedOrder& rejected : batch.rejected) {
    write_accepted_before(rejected.index);
    write_item(json, rejected);
  }
  write_accepted_before(batch.accepted.size() + batch.rejected.size());
  json.end_array();
}

http::Response rejected_response(const OrderBatch& batch) {
  if (batch.single) {
    const std::vector<FieldProblem>& problems = batch.rejected.front().problems;
    return rest::refusal(to_string(problems), problems);
  }
  wire::JsonWriter json;
  write_results(json, batch, true);
  return rest::problem_response(
      400,
      fmt::format("none of the {} orders was accepted; results say why", batch.rejected.size()),
      json.take());
}

}  // namespace

struct OrderHandler::State {
  explicit State(Metrics& metrics)
      : log_requests(metrics, "log"), orders_requests(metrics, "orders"), orders(metrics) {}

  RequestProbe log_requests;
  RequestProbe orders_requests;
  OrderProbe orders;

  std::atomic<std::uint64_t> orders_in_flight{0};
  std::atomic<std::uint64_t> requests_in_flight{0};
  std::atomic<bool> stopping{false};
};

// One request's way to its answer: speaks the endpoint's shape of errors, and counts the request as
// in flight until it is gone.
class OrderHandler::Answer {
 public:
  Answer(std::shared_ptr<State> state, RequestProbe& requests, rest::ErrorShape shape,
         http::Reply reply)
      : state_(std::move(state)), requests_(&requests), shape_(shape), reply_(std::move(reply)) {
    ++state_->requests_in_flight;
  }
  Answer(Answer&&) = default;
  ~Answer() {
    if (state_ == nullptr) return;  // Moved from.
    if (--state_->requests_in_flight == 0) state_->requests_in_flight.notify_all();
  }

  State& state() const { return *state_; }

  // One of these, once.
  void send(http::Response response) {
    requests_->answered(response.status);
    reply_(std::move(response));
  }
  void send_error(unsigned status, std::string_view detail) {
    send(rest::error_response(shape_, status, detail));
  }
  void send_error(const Error& error) { send(rest::error_response(shape_, error)); }

 private:
  std::shared_ptr<State> state_;
  RequestProbe* requests_;
  rest::ErrorShape shape_;
  http::Reply reply_;
};

OrderHandler::OrderHandler(OrderLog& log, MenuTypeGate& menu_types, OrderIds& order_ids,
                           const Clock& clock, Metrics& metrics, Options options)
    : log_(log),
      menu_types_(menu_types),
      order_ids_(order_ids),
      clock_(clock),
      options_(options),
      state_(std::make_shared<State>(metrics)) {}

OrderHandler::~OrderHandler() {
  stop();
}

void OrderHandler::register_routes(rest::Router& router) {
  router.add_async(
      http::Method::post, "/api/log", rest::Scope::ingest,
      [this](const http::Request& request, http::Reply reply) {
        post_log(request, std::move(reply));
      },
      rest::ErrorShape::first_version);
  router.add_async(http::Method::post, "/api/v1/orders", rest::Scope::ingest,
                   [this](const http::Request& request, http::Reply reply) {
                     post_orders(request, std::move(reply));
                   });
}

void OrderHandler::stop() {
  state_->stopping = true;
  while (const std::uint64_t requests = state_->requests_in_flight) {
    state_->requests_in_flight.wait(requests);
  }
}

void OrderHandler::post_log(const http::Request& request, http::Reply reply) {
  Answer answer(state_, state_->log_requests, rest::ErrorShape::first_version, std::move(reply));
  if (state_->stopping)
    return answer.send_error(explained({.code = ErrorCode::cancelled, .message = ""}));
  const auto content_type = request.header("content-type");
  if (!content_type || format_of(*content_type) != BodyFormat::json) {
    return answer.send_error(415, fmt::format("expected Content-Type application/json, came {}",
                                              came_content_type(content_type)));
  }
  const auto key = request.header(kIdempotencyKey);
  if (key) {
    if (const auto problem = idempotency_key_problem(*key)) return answer.send_error(400, *problem);
  }
  const ReadRules rules{
      .now = clock_.now(), .limits = options_.limits, .orders_max = 1, .idempotency_key = key};
  auto batch =
      read_orders(BodyFormat::first_version, request.body, rules, menu_types_.view(), order_ids_);
  if (!batch) return answer.send_error(400, batch.error().detail);
  if (batch->accepted.empty()) {
    state_->orders.rejected(1);
    return answer.send_error(400, to_string(batch->rejected.front().problems));
  }
  http::Response success;
  wire::JsonWriter json;
  json.begin_object().key("status").text("ok");
  json.key("order_id").text(batch->accepted.front().order_id.value());
  success.body = json.end_object().take();
  append(std::move(*batch), std::move(success), std::move(answer));
}

void OrderHandler::post_orders(const http::Request& request, http::Reply reply) {
  Answer answer(state_, state_->orders_requests, rest::ErrorShape::problem, std::move(reply));
  if (state_->stopping)
    return answer.send_error(explained({.code = ErrorCode::cancelled, .message = ""}));
  const auto content_type = request.header("content-type");
  const auto format = content_type ? format_of(*content_type) : std::nullopt;
  if (!format) {
    return answer.send_error(
        415, fmt::format("expected Content-Type application/json, application/x-ndjson, "
                         "application/cloudevents+json or application/cloudevents-batch+json, "
                         "came {}",
                         came_content_type(content_type)));
  }
  const auto results = request.query_value("results");
  if (results && results != "all" && results != "rejected") {
    return answer.send_error(
        400,
        fmt::format("results={} is unknown; expected \"all\" or \"rejected\"", quote(*results)));
  }
  const auto key = request.header(kIdempotencyKey);
  if (key) {
    if (const auto problem = idempotency_key_problem(*key)) return answer.send_error(400, *problem);
  }
  const ReadRules rules{.now = clock_.now(),
                        .limits = options_.limits,
                        .orders_max = options_.batch_orders_max,
                        .idempotency_key = key};
  auto batch = read_orders(*format, request.body, rules, menu_types_.view(), order_ids_);
  if (!batch) {
    const bool too_many = batch.error().kind == BodyProblem::Kind::too_many_orders;
    return answer.send_error(too_many ? 413 : 400, batch.error().detail);
  }
  state_->orders.rejected(batch->rejected.size());
  if (batch->accepted.empty()) return answer.send(rejected_response(*batch));
  // Written now, because the orders go into the log.
  http::Response success{.status = 202};
  wire::JsonWriter json;
  json.begin_object();
  write_results(json, *batch, batch->single || results == "all");
  success.body = json.end_object().take();
  append(std::move(*batch), std::move(success), std::move(answer));
}

void OrderHandler::append(OrderBatch batch, http::Response success, Answer answer) {
  const std::size_t count = batch.accepted.size();
  if (state_->orders_in_flight.fetch_add(count) + count > options_.orders_in_flight_max) {
    state_->orders_in_flight -= count;
    state_->orders.refused(count);
    return answer.send_error(explained(
        {.code = ErrorCode::overloaded,
         .message = fmt::format("{} orders (orders_in_flight_max) wait for the log already",
                                options_.orders_in_flight_max)}));
  }
  state_->orders.append_began(count);
  auto done = [count, began = std::chrono::steady_clock::now(), success = std::move(success),
               answer = std::move(answer)](Result<void> written) mutable {
    State& state = answer.state();
    // Done before the answer, because its receiver may send the next order at once.
    state.orders_in_flight -= count;
    state.orders.append_ended(count, std::chrono::steady_clock::now() - began);
    if (written) {
      state.orders.accepted(count);
      answer.send(std::move(success));
    } else {
      state.orders.refused(count);
      answer.send_error(explained(std::move(written).error()));
    }
  };
  log_.append(std::move(batch.accepted), std::move(done));
}

}  // namespace konomi::ingest
