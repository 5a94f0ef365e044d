#include "api/letter_handlers.h"

#include "api/letter_body.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "domain/text.h"
#include "rest/errors.h"
#include "rest/media_type.h"
#include "rest/page_cursor.h"
#include "rest/parameters.h"
#include "wire/json_writer.h"
#include "wire/letter_event.h"
#include "wire/order.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::api {
namespace {

constexpr rest::IntegerRange kLettersPerPage{.min = 1, .max = 500};
constexpr std::uint64_t kLettersPerPageDefault = 100;
constexpr std::string_view kList = "dead letters";
constexpr std::string_view kAnyState = "any";

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint code_point = first_code_point(text);
    if (code_point.bytes == 0) return false;
    text.remove_prefix(code_point.bytes);
  }
  return true;
}

// As text, or in base64 when the bytes are not text.
void write_bytes(wire::JsonWriter& json, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    json.key(name).text(bytes);
  } else {
    json.key(name).null();
    json.key(name + "_base64").text(to_base64(bytes));
  }
}

void write_position(wire::JsonWriter& json, const std::optional<LogPosition>& position) {
  position ? json.text(position_text(*position)) : json.null();
}

void write_members(wire::JsonWriter& json, const DeadLetter& letter) {
  const LetterFailure last = last_failure(letter);
  json.key("letter").text(position_text(letter.position));
  json.key("state").text(name_of(state_of(letter.history)));
  json.key("reason").text(last.reason);
  json.key("message").text(last.message);
  json.key("attempts").number(attempts_of(letter));
  json.key("logged_at").instant(letter.logged_at);
  json.key("first_failed_at").instant(letter.failed_at);
  json.key("last_failed_at").instant(last.at);
  json.key("order");
  const auto order = dlq::read_letter(letter);
  if (!order) {
    json.null();
    return;
  }
  json.begin_object();
  for (const auto& [name, text] : dlq::kOrderTexts) {
    json.key(name).optional_text((*order).*text);
  }
  json.end_object();
}

void write_history(wire::JsonWriter& json, const DeadLetter& letter) {
  json.begin_array();
  for (const LetterEvent& event : letter.history) {
    json.begin_object();
    wire::write_letter_event(json, event);
    json.end_object();
  }
  json.end_array();
}

void write_outcome(wire::JsonWriter& json, const dlq::Outcome& outcome) {
  json.begin_object();
  json.key("letter").text(position_text(outcome.letter));
  json.key("outcome").text(name_of(outcome.kind));
  json.key("position");
  write_position(json, outcome.position);
  json.key("order");
  if (outcome.order) {
    json.begin_object();
    wire::write_answered_order(json, *outcome.order, wire::OrderUser::named);
    json.end_object();
  } else {
    json.null();
  }
  json.key("changes").begin_array();
  for (const dlq::FieldChange& change : outcome.changes) {
    json.begin_object();
    json.key("field").text(change.field);
    json.key("from").optional_text(change.from);
    json.key("to").optional_text(change.to);
    json.end_object();
  }
  json.end_array();
  json.key("reason").text_or_null(outcome.reason);
  json.key("message").text(outcome.message);
  json.end_object();
}

http::Response report_response(const dlq::Report& report, bool dry_run) {
  using Kind = dlq::Outcome::Kind;
  wire::JsonWriter json;
  json.begin_object();
  json.key("dry_run").boolean(dry_run);
  for (const Kind kind :
       {Kind::replayed, Kind::failed_again, Kind::discarded, Kind::skipped, Kind::not_found}) {
    std::uint64_t count = 0;
    for (const dlq::Outcome& outcome : report.outcomes) count += outcome.kind == kind ? 1 : 0;
    json.key(dlq::name_of(kind)).number(count);
  }
  json.key("results").begin_array();
  for (const dlq::Outcome& outcome : report.outcomes) write_outcome(json, outcome);
  json.end_array();
  json.key("next_after");
  write_position(json, report.next_after);
  json.end_object();
  return http::Response{.body = json.take()};
}

// Nothing but JSON: what a form of another site can send must not get here.
std::optional<http::Response> refusal_of_media_type(const http::Request& request) {
  const auto content_type = request.header("content-type");
  if (content_type && rest::is_media_type(*content_type, "application/json")) return std::nullopt;
  return rest::problem_response(415, fmt::format("Content-Type is {}; expected application/json",
                                                 content_type.value_or("absent")));
}

Result<std::optional<LetterState>> state_parameter(const http::Request& request) {
  const std::string_view text = request.query_value("state").value_or("waiting");
  if (text == kAnyState) return std::nullopt;
  for (const auto state : {LetterState::waiting, LetterState::replayed, LetterState::discarded}) {
    if (text == name_of(state)) return std::optional(state);
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("state {} is unknown; expected waiting, replayed, discarded or any",
                          quote(text)));
}

Result<dlq::LetterFilter> filter_parameters(const http::Request& request) {
  dlq::LetterFilter filter;
  if (const auto reason = request.query_value("reason")) filter.reason = *reason;
  if (const auto type = request.query_value("menu_type"))
    filter.menu_type = MenuType(std::string(*type));
  KONOMI_TRY(filter.since, rest::instant_parameter(request, "since"));
  KONOMI_TRY(filter.until, rest::instant_parameter(request, "until"));
  return filter;
}

Result<std::optional<LogPosition>> after_parameter(const http::Request& request) {
  const auto cursor = request.query_value("cursor");
  if (!cursor) return std::nullopt;
  KONOMI_TRY(const std::string text, rest::decode_cursor(kList, *cursor));
  const auto position = parse_position(text);
  if (position) return position;
  return fail(ErrorCode::invalid_argument,
              fmt::format("cursor {} holds no position", quote(*cursor)));
}

}  // namespace

void LetterHandlers::register_routes(rest::Router& router) const {
  router.add(http::Method::get, "/api/v1/dead_letters", rest::Scope::admin,
             [this](const http::Request& request) { return list(request); });
  router.add(http::Method::get, "/api/v1/dead_letters/{letter}", rest::Scope::admin,
             [this](const http::Request& request) { return show(request); });
  router.add(http::Method::post, "/api/v1/dead_letters/replay", rest::Scope::admin,
             [this](const http::Request& request) { return replay(request); });
  router.add(http::Method::post, "/api/v1/dead_letters/discard", rest::Scope::admin,
             [this](const http::Request& request) { return discard(request); });
}

Result<http::Response> LetterHandlers::list(const http::Request& request) const {
  KONOMI_TRY(const auto filter, filter_parameters(request));
  KONOMI_TRY(const auto state, state_parameter(request));
  KONOMI_TRY(const auto after, after_parameter(request));
  KONOMI_TRY(const std::uint64_t limit,
             rest::integer_parameter(request, "limit", kLettersPerPage, kLettersPerPageDefault));
  KONOMI_TRY(const dlq::LetterPage page, letters_.list(filter, state, after, limit));
  wire::JsonWriter json;
  json.begin_object();
  json.key("dead_letters").begin_array();
  for (const DeadLetter& letter : page.letters) {
    json.begin_object();
    write_members(json, letter);
    json.end_object();
  }
  json.end_array();
  json.key("next_cursor");
  page.next_after ? json.text(rest::encode_cursor(kList, position_text(*page.next_after)))
                  : json.null();
  json.end_object();
  return http::Response{.body = json.take()};
}

Result<http::Response> LetterHandlers::show(const http::Request& request) const {
  const std::string& text = request.params.at(0);
  const auto position = parse_position(text);
  if (!position) {
    return fail(ErrorCode::not_found,
                fmt::format("{} is no dead letter; expected one such as \"3-41\"", quote(text)));
  }
  KONOMI_TRY(const DeadLetter letter, letters_.show(*position));
  wire::JsonWriter json;
  json.begin_object();
  write_members(json, letter);
  write_bytes(json, "key", letter.key);
  write_bytes(json, "value", letter.value);
  json.key("headers").begin_array();
  for (const auto& [name, value] : letter.headers) {
    json.begin_object();
    write_bytes(json, "name", name);
    write_bytes(json, "value", value);
    json.end_object();
  }
  json.end_array();
  json.key("history");
  write_history(json, letter);
  json.end_object();
  return http::Response{.body = json.take()};
}

Result<http::Response> LetterHandlers::replay(const http::Request& request) const {
  if (auto wrong = refusal_of_media_type(request)) return *std::move(wrong);
  const auto asked = parse_letter_request(request.body, LetterAction::replay);
  if (!asked) return rest::refusal("nothing was done: " + to_string(asked.error()), asked.error());
  KONOMI_TRY(const dlq::Report report,
             letters_.replay(asked->selection, asked->fix, asked->dry_run));
  return report_response(report, asked->dry_run);
}

Result<http::Response> LetterHandlers::discard(const http::Request& request) const {
  if (auto wrong = refusal_of_media_type(request)) return *std::move(wrong);
  const auto asked = parse_letter_request(request.body, LetterAction::discard);
  if (!asked) return rest::refusal("nothing was done: " + to_string(asked.error()), asked.error());
  KONOMI_TRY(const dlq::Report report,
             letters_.discard(asked->selection, asked->why, asked->dry_run));
  return report_response(report, asked->dry_run);
}

}  // namespace konomi::api
