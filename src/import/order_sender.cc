#include "import/order_sender.h"

#include "domain/text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace konomi::import {
namespace {

constexpr std::string_view kOrdersPath = "/api/v1/orders";
constexpr unsigned kAccepted = 202, kBadRequest = 400, kTooLarge = 413, kTooMany = 429,
                   kUnavailable = 503;

Error not_understood(std::string_view server, const client::Answer& answer) {
  return {.code = ErrorCode::internal,
          .message = fmt::format("{} answered {} with {}; is this a konomi of the same version?",
                                 server, answer.status, quote(answer.body))};
}

// "user_id: is empty; …" from an item's errors, or its detail.
std::string reason_of(const simdjson::dom::element& item) {
  std::string out;
  simdjson::dom::array errors;
  if (!item["errors"].get(errors)) {
    for (const simdjson::dom::element& error : errors) {
      std::string_view pointer, detail;
      if (error["detail"].get(detail)) continue;
      if (!out.empty()) out += "; ";
      if (!error["pointer"].get(pointer) && pointer.starts_with('/')) {
        out += pointer.substr(1);
        out += ": ";
      }
      out += detail;
    }
  }
  return out.empty() ? "was refused without a reason" : out;
}

// The outcome in an answer of a batch, or nothing when it holds none.
std::optional<BatchOutcome> parse_outcome(const std::string& body, std::size_t orders) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  BatchOutcome outcome;
  simdjson::dom::array results;
  if (parser.parse(body).get(root) || root["accepted"].get(outcome.accepted) ||
      root["results"].get(results)) {
    return std::nullopt;
  }
  for (const simdjson::dom::element& item : results) {
    std::uint64_t index = 0;
    std::string_view status;
    if (item["index"].get(index) || item["status"].get(status) || index >= orders) {
      return std::nullopt;
    }
    if (status == "rejected") {
      outcome.rejections.push_back({.index = index, .reason = reason_of(item)});
    }
  }
  std::ranges::sort(outcome.rejections, {}, &BatchOutcome::Rejection::index);
  if (outcome.accepted + outcome.rejections.size() != orders) return std::nullopt;
  return outcome;
}

}  // namespace

Result<BatchOutcome> OrderSender::send(const std::vector<std::string>& lines) {
  if (lines.empty()) return BatchOutcome{};
  return send_range(lines, 0, lines.size());
}

Result<BatchOutcome> OrderSender::send_range(const std::vector<std::string>& lines,
                                             std::size_t begin, std::size_t end) {
  std::string body;
  for (std::size_t i = begin; i < end; ++i) body += lines[i];
  KONOMI_TRY(const client::Answer answer, post_until_answered(body));
  if (answer.status == kTooLarge && end - begin > 1) {
    const std::size_t middle = begin + (end - begin) / 2;
    KONOMI_TRY(BatchOutcome first, send_range(lines, begin, middle));
    KONOMI_TRY(BatchOutcome second, send_range(lines, middle, end));
    first.accepted += second.accepted;
    for (auto& rejection : second.rejections) {
      rejection.index += middle - begin;
      first.rejections.push_back(std::move(rejection));
    }
    return first;
  }
  if (answer.status == kAccepted || answer.status == kBadRequest) {
    if (auto outcome = parse_outcome(answer.body, end - begin)) return std::move(*outcome);
  }
  return std::unexpected(not_understood(server_.name(), answer));
}

Result<client::Answer> OrderSender::post_until_answered(std::string_view body) {
  std::chrono::milliseconds waited{0};
  std::chrono::milliseconds wait = options_.first_wait;
  while (true) {
    Result<client::Answer> answer = server_.post(kOrdersPath, "application/x-ndjson", body);
    std::string trouble;
    std::chrono::milliseconds asked_for{0};
    if (!answer) {
      const ErrorCode code = answer.error().code;
      if (code != ErrorCode::unavailable && code != ErrorCode::timed_out) return answer;
      trouble = answer.error().message;
    } else if (answer->status == kUnavailable || answer->status == kTooMany) {
      trouble = fmt::format("{} is busy ({})", server_.name(), answer->status);
      asked_for = answer->retry_after.value_or(std::chrono::seconds(0));
    } else {
      if (waited.count() > 0) note_(fmt::format("{} answers again", server_.name()));
      return answer;
    }
    if (waited >= options_.give_up_after) {
      return fail(
          ErrorCode::unavailable,
          fmt::format("gave up after {} s: {}",
                      std::chrono::duration_cast<std::chrono::seconds>(waited).count(), trouble));
    }
    if (waited.count() == 0) {
      note_(fmt::format(
          "{}; trying again for up to {} s", trouble,
          std::chrono::duration_cast<std::chrono::seconds>(options_.give_up_after).count()));
    }
    const auto pause = std::clamp(std::max(wait, asked_for), options_.first_wait,
                                  std::max(options_.wait_max, options_.first_wait));
    if (!pause_(pause)) return fail(ErrorCode::cancelled, "stopped while waiting to try again");
    waited += pause;
    wait *= 2;
  }
}

}  // namespace konomi::import
