#include "api/erasure_handlers.h"

#include "base/digest.h"
#include "base/wait.h"
#include "domain/dead_letter.h"
#include "domain/order.h"
#include "domain/text.h"
#include "rest/answer.h"
#include "rest/errors.h"
#include "rest/media_type.h"
#include "rest/parameters.h"
#include "wire/json_writer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::api {
namespace {

// A request holds a worker for so long; who wants to wait longer asks again.
constexpr rest::IntegerRange kWaitSeconds{.min = 0, .max = 60};
constexpr std::uint64_t kWaitSecondsDefault = 10;
constexpr std::chrono::milliseconds kLookAgainAfter{50};

// {"user_id":"…"} and nothing else.
std::expected<UserId, std::vector<FieldProblem>> parse_body(std::string_view body) {
  std::vector<FieldProblem> problems;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body.data(), body.size()).get_object().get(object) != simdjson::SUCCESS) {
    problems.push_back({"", "expected an object such as {\"user_id\":\"guest-1\"}"});
    return std::unexpected(std::move(problems));
  }
  std::optional<std::string> user_id;
  for (const auto& [name, value] : object) {
    std::string_view text;
    if (name != "user_id") {
      problems.push_back({fmt::format("/{}", name), "is unknown; expected user_id"});
    } else if (value.get_string().get(text) != simdjson::SUCCESS) {
      problems.push_back({"/user_id", "expected a text"});
    } else if (auto problem = user_id_problem(text)) {
      problems.push_back({"/user_id", *std::move(problem)});
    } else {
      user_id = std::string(text);
    }
  }
  if (!user_id && problems.empty()) problems.push_back({"/user_id", "is missing"});
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return UserId(*std::move(user_id));
}

// The role that an erasure waits for; empty: none.
std::string_view waiting_for(const std::optional<Erasure>& erasure) {
  if (!erasure) return "consume";
  switch (erasure->state) {
    case ErasureState::removing:
      return "consume";
    case ErasureState::stored:
      return "aggregate";
    case ErasureState::counted:
      return "disk";
    case ErasureState::done:
      return "";
  }
  return "";
}

// The receipt, but for what only the one who asked for the erasure knows.
void write_members(wire::JsonWriter& json, const ErasureId& id,
                   const std::optional<Erasure>& erasure) {
  const std::string_view waits_for = waiting_for(erasure);
  json.key("erasure").text(erasure_id_text(id));
  json.key("position").text(position_text(id.position));
  json.key("state").text(waits_for.empty() ? "done" : "pending");
  json.key("waiting_for").text_or_null(waits_for);
  json.key("requested_at");
  erasure ? json.instant(erasure->requested_at) : json.null();
  json.key("finished_at");
  waits_for.empty() ? json.instant(erasure->finished_at) : json.null();
  json.key("removed");
  if (!erasure) {
    json.null();
    return;
  }
  const ErasedRows& removed = erasure->removed;
  json.begin_object();
  json.key("orders").number(removed.orders);
  json.key("dead_letters").number(removed.dead_letters);
  json.key("days_with_counts").number(removed.days_with_counts);
  json.key("preferences").number(removed.preferences);
  json.key("segment_rows").number(removed.segment_rows);
  json.key("changes").number(removed.changes);
  json.end_object();
}

}  // namespace

void ErasureHandlers::register_routes(rest::Router& router) const {
  router.add(http::Method::post, "/api/v1/erasures", rest::Scope::admin,
             [this](const http::Request& request) { return erase(request); });
  router.add(http::Method::get, "/api/v1/erasures/{erasure}", rest::Scope::admin,
             [this](const http::Request& request) { return show(request); });
}

Result<rest::Answer> ErasureHandlers::erase(const http::Request& request) const {
  if (!rest::is_media_type(request.header("content-type").value_or(""), "application/json"))
    return rest::problem_response(415, "expected Content-Type: application/json");
  KONOMI_TRY(const std::uint64_t wait,
             rest::integer_parameter(request, "wait", kWaitSeconds, kWaitSecondsDefault));
  const auto user_id = parse_body(request.body);
  if (!user_id)
    return rest::refusal("nothing was erased: " + to_string(user_id.error()), user_id.error());

  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait);
  KONOMI_TRY(const LogPosition position, log_.append_erasure({.user_id = *user_id}));
  const ErasureId id{.position = position, .bucket = bucket_of(*user_id, bucket_count_)};
  // From here on the erasure happens whatever is answered, so this is not an error.
  std::optional<Erasure> erasure;
  while (true) {
    if (auto found = find(id)) erasure = *std::move(found);
    if (waiting_for(erasure).empty() || std::chrono::steady_clock::now() >= until) break;
    wait_or_stop({}, kLookAgainAfter);
  }

  wire::JsonWriter json;
  json.begin_object();
  json.key("user_id").text(user_id->value());
  write_members(json, id, erasure);
  const std::array<UserId, 1> users = {*user_id};
  const auto counts = preferences_.counts_of(users);
  const auto preferences = preferences_.preferences_of(users);
  json.key("left");
  if (counts && preferences) {
    json.begin_object();
    json.key("days_with_counts")
        .number(static_cast<std::uint64_t>(std::ranges::count_if(
            counts->front(), [](const UserDayCounts& of_day) { return !of_day.counts.empty(); })));
    json.key("preferences").number(preferences->front() ? 1 : 0);
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
  const bool is_done = waiting_for(erasure).empty();
  http::Response response{.body = json.take()};
  // Who was erased is found by who knows the id, and by nobody else.
  rest::AuditDetails audit = {{"user_sha256", sha256_hex(user_id->value())},
                              {"erasure", erasure_id_text(id)}};
  if (erasure) audit.push_back({"orders", erasure->removed.orders});
  if (!is_done) {
    response.status = 202;
    response.headers.emplace_back("Location", "/api/v1/erasures/" + erasure_id_text(id));
  }
  return rest::Answer(std::move(response), std::move(audit));
}

Result<http::Response> ErasureHandlers::show(const http::Request& request) const {
  const std::string& text = request.params.at(0);
  const auto id = parse_erasure_id(text);
  if (!id || id->bucket.value() >= bucket_count_.value()) {
    return fail(ErrorCode::not_found,
                fmt::format("{} is no erasure; expected the name that a receipt has, such as "
                            "\"0-1234-27\"",
                            quote(text)));
  }
  KONOMI_TRY(const auto erasure, find(*id));
  if (!erasure) {
    KONOMI_TRY(const auto watermarks, orders_.watermarks());
    const auto stored = watermarks.find(id->position.partition);
    const bool is_passed =
        stored != watermarks.end() && stored->second.next_offset > id->position.offset;
    KONOMI_TRY(const auto ends, log_.ends());
    const auto end = ends.find(id->position.partition);
    if (is_passed || end == ends.end() || end->second <= id->position.offset)
      return fail(ErrorCode::not_found, fmt::format("there is no erasure {}", quote(text)));
  }
  wire::JsonWriter json;
  json.begin_object();
  write_members(json, *id, erasure);
  json.end_object();
  return http::Response{.body = json.take()};
}

Result<std::optional<Erasure>> ErasureHandlers::find(const ErasureId& id) const {
  KONOMI_TRY(const auto erasures, orders_.erasures(id.bucket));
  const auto found = std::ranges::find(erasures, id.position, &Erasure::position);
  if (found == erasures.end()) return std::nullopt;
  return *found;
}

}  // namespace konomi::api
