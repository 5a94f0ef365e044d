#include "api/day_handlers.h"

#include "domain/menu_type.h"
#include "rest/answer.h"
#include "rest/errors.h"
#include "rest/parameters.h"
#include "wire/day.h"
#include "wire/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <ranges>
#include <span>
#include <vector>

namespace konomi::api {
namespace {

using std::chrono::days;

// In this file the catalogue is read after the figures: a type is in it before an order of it is
// stored, so that every type with a count is listed.
constexpr int kDaysPerRead = 64;
constexpr int kDaysAskedMax = 3700;
constexpr days kDaysBeforeByDefault{30};
constexpr BusinessDay kFirstDayAskedFor = BusinessDay::from_days_since_1970(0);

// {"from":…,"to":…,"days":[…]} with the days of an inclusive range, ascending.
class DaysSource {
 public:
  DaysSource(SummaryStore& summaries, SettingsStore& settings, BusinessDay from, BusinessDay to)
      : summaries_(summaries), settings_(settings), next_(from), to_(to) {
    json_.begin_object();
    json_.key("from").date(from);
    json_.key("to").date(to);
    json_.key("days").begin_array();
  }

  Result<bool> operator()(std::string& chunk) {
    if (done_) return false;
    KONOMI_TRY(const auto found, summaries_.days(next_, to_, kDaysPerRead));
    KONOMI_TRY(const auto catalogue, settings_.menu_types());
    for (const DaySummary& day : found)
      wire::write_answered_day(json_, day, catalogue, wire::DayCounts::whole);
    done_ = found.size() < kDaysPerRead || found.back().day >= to_;
    if (done_) {
      json_.end_array().end_object();
    } else {
      next_ = found.back().day + days(1);
    }
    chunk = json_.take();
    return true;
  }

 private:
  SummaryStore& summaries_;
  SettingsStore& settings_;
  BusinessDay next_;
  BusinessDay to_;
  wire::JsonWriter json_;
  bool done_ = false;
};

// {"summaries":[…]} with every day of a range, newest first, in windows of the calendar because the
// store reads forwards.
class FirstVersionSource {
 public:
  FirstVersionSource(SummaryStore& summaries, SettingsStore& settings, SummaryStore::Range range)
      : summaries_(summaries), settings_(settings), first_(range.first), next_(range.last) {
    json_.begin_object();
    json_.key("summaries").begin_array();
  }

  Result<bool> operator()(std::string& chunk) {
    if (done_) return false;
    const BusinessDay from = std::max(first_, next_ - days(kDaysPerRead - 1));
    KONOMI_TRY(const auto found, summaries_.days(from, next_, kDaysPerRead));
    KONOMI_TRY(const auto catalogue, settings_.menu_types());
    for (const DaySummary& day : found | std::views::reverse) {
      wire::write_first_version_day(json_, day, catalogue);
    }
    done_ = from == first_;
    next_ = from - days(1);
    if (done_) json_.end_array().end_object();
    chunk = json_.take();
    return true;
  }

 private:
  SummaryStore& summaries_;
  SettingsStore& settings_;
  BusinessDay first_;
  BusinessDay next_;
  wire::JsonWriter json_;
  bool done_ = false;
};

struct AskedDays {
  BusinessDay from;
  BusinessDay to;
};

// Nothing when neither the request nor the data names a day.
Result<std::optional<AskedDays>> asked_days(const http::Request& request, SummaryStore& summaries) {
  KONOMI_TRY(std::optional<BusinessDay> from, rest::day_parameter(request, "from"));
  KONOMI_TRY(std::optional<BusinessDay> to, rest::day_parameter(request, "to"));
  if (!to) {
    KONOMI_TRY(const auto range, summaries.days_range());
    to = from;
    if (range) to = std::max(to, std::optional(range->last));
  }
  if (!to) return std::nullopt;
  if (!from) from = std::max(kFirstDayAskedFor, *to - kDaysBeforeByDefault);
  if (*from > *to) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("from \"{}\" is after to \"{}\"; expected the earlier day in from",
                            to_string(*from), to_string(*to)));
  }
  if (*to - *from >= days(kDaysAskedMax)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("from \"{}\" to \"{}\" is {} days; expected at most {}: ask for a "
                    "shorter range",
                    to_string(*from), to_string(*to), (*to - *from).count() + 1, kDaysAskedMax));
  }
  return AskedDays{*from, *to};
}

}  // namespace

void DayHandlers::register_routes(rest::Router& router) const {
  router.add(
      http::Method::get, "/api/daily_order_summaries", rest::Scope::read,
      [this](const http::Request& request) { return first_version_summaries(request); },
      rest::ErrorShape::first_version);
  router.add(http::Method::get, "/api/v1/days", rest::Scope::read,
             [this](const http::Request& request) { return days(request); });
  router.add(http::Method::get, "/api/v1/days/{date}", rest::Scope::read,
             [this](const http::Request& request) { return day(request); });
}

Result<http::Response> DayHandlers::first_version_summaries(const http::Request& request) const {
  std::optional<SummaryStore::Range> range;
  if (request.query_value("date").value_or("").empty()) {
    KONOMI_TRY(range, summaries_.days_range());
  } else {
    KONOMI_TRY(const std::optional<BusinessDay> date, rest::day_parameter(request, "date"));
    KONOMI_TRY(const auto found, summaries_.day(*date));
    if (found) range = {.first = *date, .last = *date, .count = 1};
  }
  if (!range) {
    wire::JsonWriter json;
    json.begin_object().key("summaries").null().end_object();
    return http::Response{.body = json.take()};
  }
  return rest::streamed_response("application/json",
                                 FirstVersionSource(summaries_, settings_, *range));
}

Result<http::Response> DayHandlers::days(const http::Request& request) const {
  KONOMI_TRY(const auto asked, asked_days(request, summaries_));
  if (!asked) {
    wire::JsonWriter json;
    json.begin_object().key("from").null().key("to").null();
    json.key("days").begin_array().end_array().end_object();
    return http::Response{.body = json.take()};
  }
  return rest::streamed_response("application/json",
                                 DaysSource(summaries_, settings_, asked->from, asked->to));
}

Result<http::Response> DayHandlers::day(const http::Request& request) const {
  KONOMI_TRY(const BusinessDay date, parse_business_day(request.params.at(0)));
  KONOMI_TRY(const auto found, summaries_.day(date));
  if (!found) {
    return fail(ErrorCode::not_found,
                fmt::format("day {} has no figures: no order of it was counted", to_string(date)));
  }
  KONOMI_TRY(const auto catalogue, settings_.menu_types());
  wire::JsonWriter json;
  wire::write_answered_day(json, *found, catalogue, wire::DayCounts::by_hour);
  return http::Response{.body = json.take()};
}

}  // namespace konomi::api
