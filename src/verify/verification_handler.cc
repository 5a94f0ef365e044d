#include "verify/verification_handler.h"

#include "base/wait.h"
#include "domain/text.h"
#include "verify/repair.h"
#include "verify/report.h"
#include "verify/verification.h"
#include "wire/json_writer.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::verify {
namespace {

constexpr std::chrono::milliseconds kLookForCountEvery{200};

struct Wanted {
  std::optional<BusinessDay> from;
  std::optional<BusinessDay> to;
  bool repair = false;
};

Result<std::optional<BusinessDay>> day_in(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text) return std::optional<BusinessDay>();
  KONOMI_TRY(const BusinessDay day, parse_business_day(*text));
  return std::optional(day);
}

Result<Wanted> wanted_by(const http::Request& request) {
  Wanted wanted;
  KONOMI_TRY(wanted.from, day_in(request, "from"));
  KONOMI_TRY(wanted.to, day_in(request, "to"));
  const std::string_view repair = request.query_value("repair").value_or("false");
  if (repair != "true" && repair != "false") {
    return fail(ErrorCode::invalid_argument,
                fmt::format("repair is {}; expected \"true\" or \"false\"", quote(repair)));
  }
  wanted.repair = repair == "true";
  return wanted;
}

}  // namespace

// One verification, line by line.
class VerificationHandler::Run {
 public:
  Run(VerificationHandler& handler, Wanted wanted, std::unique_ptr<Verification> verification)
      : ports_(handler.ports_),
        options_(handler.options_),
        calendar_(handler.calendar_),
        clock_(handler.clock_),
        stop_(handler.stop_.get_token()),
        busy_(handler.busy_),
        wanted_(std::move(wanted)),
        verification_(std::move(verification)) {}
  ~Run() { *busy_ = false; }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // The next line; false: there is none.
  bool next(std::string& line) {
    if (state_ == State::over) return false;
    wire::JsonWriter json;
    json.begin_object();
    if (const auto written = write_members(json); !written) {
      state_ = State::over;
      json.key("error").text(written.error().message);
    }
    line = json.end_object().end_line().take();
    return true;
  }

 private:
  enum class State { verifying, reporting, repairing, counting, over };

  // Writes the next line's object; on an error nothing was written.
  Result<void> write_members(wire::JsonWriter& json) {
    switch (state_) {
      case State::verifying:
        return verify(json);
      case State::reporting:
        report(json);
        return {};
      case State::repairing:
        return repair(json);
      case State::counting:
        return wait_for_count(json);
      case State::over:
        break;
    }
    return {};
  }

  Result<void> verify(wire::JsonWriter& json) {
    KONOMI_CHECK_OK(verification_->step(stop_));
    if (verification_->done() == verification_->parts()) state_ = State::reporting;
    json.key("phase").text("verifying");
    json.key("done").number(verification_->done());
    json.key("parts").number(verification_->parts());
    return {};
  }

  void report(wire::JsonWriter& json) {
    const bool repairs = std::exchange(wanted_.repair, false) && !verification_->plan().empty();
    state_ = repairs ? State::repairing : State::over;
    json.key("report");
    write_report(json, verification_->report());
  }

  Result<void> repair(wire::JsonWriter& json) {
    KONOMI_TRY(repair_, begin_repair(ports_, options_, verification_->plan()));
    counting_since_ = clock_.now();
    state_ = State::counting;
    json.key("phase").text("repairing");
    json.key("generation").number(repair_.generation.value());
    json.key("buckets_to_recount").number(repair_.recounts);
    json.key("rows_removed").number(repair_.strays);
    return {};
  }

  Result<void> wait_for_count(wire::JsonWriter& json) {
    KONOMI_TRY(const bool counted, is_counted_under(ports_, options_, repair_.generation));
    if (!counted) {
      if (clock_.now() - counting_since_ > kCountWait) {
        return fail(ErrorCode::timed_out,
                    fmt::format("the repair is begun, but nothing was counted for {} min; see "
                                "that a konomi with the role aggregate runs, then verify again",
                                kCountWait.count()));
      }
      if (wait_or_stop(stop_, kLookForCountEvery))
        return fail(ErrorCode::cancelled, "this konomi stops; the repair goes on when it runs");
      json.key("phase").text("counting");
      return {};
    }
    KONOMI_TRY(verification_,
               Verification::begin(ports_, options_, calendar_, clock_, wanted_.from, wanted_.to));
    state_ = State::verifying;
    json.key("phase").text("counted");
    return {};
  }

  const VerifyPorts ports_;
  const VerifyOptions options_;
  const BusinessCalendar& calendar_;
  const Clock& clock_;
  const std::stop_token stop_;
  const std::shared_ptr<std::atomic<bool>> busy_;
  Wanted wanted_;
  std::unique_ptr<Verification> verification_;
  State state_ = State::verifying;
  Repair repair_;
  Timestamp counting_since_;
};

void VerificationHandler::register_routes(rest::Router& router) {
  router.add(http::Method::post, "/api/v1/verifications", rest::Scope::admin,
             [this](const http::Request& request) { return start(request); });
}

Result<rest::Answer> VerificationHandler::start(const http::Request& request) {
  KONOMI_TRY(Wanted wanted, wanted_by(request));
  if (stop_.stop_requested()) return fail(ErrorCode::unavailable, "stopping");
  if (busy_->exchange(true)) {
    http::Response refusal = rest::problem_response(
        409, "a verification is running here already; wait for its end, or end its client");
    refusal.headers.emplace_back("Retry-After", "10");
    return refusal;
  }
  auto verification =
      Verification::begin(ports_, options_, calendar_, clock_, wanted.from, wanted.to);
  if (!verification) {
    *busy_ = false;
    return std::unexpected(std::move(verification).error());
  }
  auto run = std::make_unique<Run>(*this, std::move(wanted), *std::move(verification));
  http::Response response{.content_type = "application/x-ndjson"};
  response.stream = [run = std::move(run)](std::string& chunk) -> Result<bool> {
    return run->next(chunk);
  };
  return response;
}

}  // namespace konomi::verify
