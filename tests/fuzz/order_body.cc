#include "tests/fuzz/order_body.h"

#include "adapters/memory/engine.h"
#include "base/assert.h"
#include "base/json.h"
#include "domain/text.h"
#include "domain/timestamp.h"
#include "http/message.h"

#include <simdjson.h>

#include <algorithm>
#include <string>

namespace konomi::fuzz {
namespace {

using ingest::BodyFormat;

const Timestamp kNow = parse_rfc3339("2025-05-31T12:00:00Z").value();

// What the reader stands on, made once per process.
struct World {
  ManualClock clock{kNow};
  memory::MemoryEngine engine{clock};
  Metrics metrics;
  std::unique_ptr<ingest::MenuTypeGate> gate = std::move(
      ingest::MenuTypeGate::open(engine.settings_store(), {.menu_types_max = 1000}, metrics)
          .value());
  ingest::OrderIds order_ids{1, 2};
};

auto read(BodyFormat format, std::string_view body) {
  static World world;
  const ingest::ReadRules rules{
      .now = kNow, .limits = {}, .orders_max = 100, .idempotency_key = {}};
  return read_orders(format, body, rules, world.gate->view(), world.order_ids);
}

void check_text(const std::string& text, std::size_t bytes_max) {
  KONOMI_ASSERT(!text.empty() && text.size() <= bytes_max, "a text is within its bounds");
  KONOMI_ASSERT(!text_problem(text), "a text is UTF-8 without control characters");
}

void check_order_keeps_the_rules(const Order& order) {
  check_text(order.user_id.value(), 256);
  check_text(order.order_id.value(), 128);
  if (order.status == OrderStatus::placed || !order.menu_type.value().empty())
    check_text(order.menu_type.value(), 64);
  KONOMI_ASSERT(order.ordered_at >= Timestamp{}, "not before 1970");
  KONOMI_ASSERT(order.ordered_at <= kNow + std::chrono::hours(24), "not far ahead");
}

void check_survives_writing(const Order& order) {
  std::string json = "{\"order_id\":";
  append_json_string(json, order.order_id.value());
  json += ",\"user_id\":";
  append_json_string(json, order.user_id.value());
  json += ",\"ordered_at\":\"" + to_rfc3339(order.ordered_at) + "\",\"menu_type\":";
  append_json_string(json, order.menu_type.value());
  json += ",\"status\":\"" + std::string(name_of(order.status)) + "\"}";
  const auto again = read(BodyFormat::json, json);
  KONOMI_ASSERT(again && again->accepted.size() == 1, "what was written is accepted");
  KONOMI_ASSERT(again->accepted.front() == order, "what was written is read again");
}

// Numbers that no machine type holds are JSON all the same.
bool is_json(std::string_view text) {
  static simdjson::dom::parser parser;
  const auto error = parser.parse(text.data(), text.size()).error();
  return error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR;
}

bool is_surely_json(std::string_view text) {
  static simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

std::size_t json_lines(std::string_view body) {
  std::size_t count = 0;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    if (is_json(body.substr(0, end))) ++count;
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return count;
}

}  // namespace

void check_body(BodyFormat format, std::string_view body) {
  const auto batch = read(format, body);
  if (!batch) {
    const std::string& detail = batch.error().detail;
    KONOMI_ASSERT(!detail.empty(), "a refusal says why");
    const bool called_malformed = detail.starts_with("the body is no JSON") &&
                                  detail.find("nests deeper") == std::string::npos;
    if (called_malformed) KONOMI_ASSERT(!is_surely_json(body), "only malformed JSON is called so");
    return;
  }
  const std::size_t count = batch->accepted.size() + batch->rejected.size();
  KONOMI_ASSERT(count >= 1 && count <= 100, "the batch is within its bounds");
  KONOMI_ASSERT(!batch->single || count == 1, "a single order is one");
  if (format == BodyFormat::ndjson) {
    KONOMI_ASSERT(batch->accepted.size() <= json_lines(body), "an accepted line is JSON");
  } else {
    KONOMI_ASSERT(is_json(body), "a body that is used is JSON");
  }
  std::size_t next = 0;
  for (const ingest::RejectedOrder& rejected : batch->rejected) {
    KONOMI_ASSERT(rejected.index >= next && rejected.index < count, "indexes ascend");
    KONOMI_ASSERT(!rejected.problems.empty(), "a rejection says why");
    next = rejected.index + 1;
  }
  for (const Order& order : batch->accepted) {
    check_order_keeps_the_rules(order);
    check_survives_writing(order);
  }
}

}  // namespace konomi::fuzz
