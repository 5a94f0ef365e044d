#include "api/segment_handlers.h"

#include "api/merged_segment.h"
#include "api/segment_sizes.h"
#include "base/bytes.h"
#include "domain/menu_type.h"
#include "domain/text.h"
#include "rest/answer.h"
#include "rest/caller.h"
#include "rest/errors.h"
#include "rest/page_cursor.h"
#include "rest/parameters.h"
#include "wire/csv_writer.h"
#include "wire/json_writer.h"
#include "wire/numbers.h"
#include "wire/preference.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace konomi::api {
namespace {

constexpr rest::IntegerRange kUsersPerPage{.min = 1, .max = 1000};
constexpr std::uint64_t kUsersPerPageDefault = 100;
constexpr std::size_t kRowsPerFetchOfAStream = 256;
constexpr auto kAnswered = wire::PreferenceForm::answered;

// Enough for a page when its users are spread evenly over the buckets.
std::size_t rows_per_fetch(std::uint64_t users_on_page, BucketCount buckets) {
  return std::clamp<std::size_t>(2 * users_on_page / std::max(buckets.value(), 1U), 16, 256);
}

// Which users of a segment are asked for.
struct SegmentFilter {
  std::uint64_t orders_min = 0;  // Orders of the favourite.
  std::uint32_t confidence_e4_min = 0;
  std::optional<BusinessDay> ordered_since;
  Timestamp ordered_at_min = Timestamp::min();  // The start of `ordered_since`.

  bool matches(const Preference& preference) const {
    return preference.orders >= orders_min && preference.confidence_e4 >= confidence_e4_min &&
           preference.last_ordered_at >= ordered_at_min;
  }
};

Result<SegmentFilter> segment_filter(const http::Request& request,
                                     const BusinessCalendar& calendar) {
  constexpr rest::IntegerRange kOrders{.min = 0, .max = std::numeric_limits<std::int64_t>::max()};
  SegmentFilter filter;
  KONOMI_TRY(filter.orders_min, rest::integer_parameter(request, "min_orders", kOrders, 0));
  KONOMI_TRY(filter.confidence_e4_min, rest::fraction_e4_parameter(request, "min_confidence"));
  KONOMI_TRY(filter.ordered_since, rest::day_parameter(request, "ordered_since"));
  if (filter.ordered_since) {
    filter.ordered_at_min = calendar.interval_of(*filter.ordered_since).begin;
  }
  return filter;
}

// What a cursor of this list is bound to.
std::string list_name(const MenuType& type, const SegmentFilter& filter) {
  std::string name = "users of a segment\n";
  append_text(name, type.value());
  append_varint(name, filter.orders_min);
  append_varint(name, filter.confidence_e4_min);
  append_text(name, filter.ordered_since ? to_string(*filter.ordered_since) : "");
  return name;
}

Result<bool> csv_is_asked_for(const http::Request& request) {
  const std::string_view format = request.query_value("format").value_or("");
  if (format == "csv") return true;
  if (format == "json") return false;
  if (request.query_value("format")) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("format {} is not known; expected \"csv\" or \"json\"", quote(format)));
  }
  return request.header("accept").value_or("").starts_with("text/csv");
}

// "segment-Americano-with-Milk.csv": a name that every file system and header takes.
std::string csv_file_name(const MenuType& type) {
  std::string name = "segment";
  bool dash = true;
  for (const char c : type.value()) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (plain && dash) name += '-';
    if (plain) name += c;
    dash = !plain;
  }
  return name + ".csv";
}

// {"segments":[{"menu_type":…,"user_ids":[…],"count":…}]}, every type of the catalogue. The count
// comes last, so that it counts what was listed.
class FirstVersionSource {
 public:
  FirstVersionSource(PreferenceStore& preferences, BucketCount buckets,
                     std::vector<MenuTypeEntry> catalogue)
      : preferences_(preferences), buckets_(buckets), catalogue_(std::move(catalogue)) {
    json_.begin_object();
    json_.key("segments").begin_array();
  }

  Result<bool> operator()(std::string& chunk) {
    if (done_) return false;
    while (json_.size() < rest::kPieceBytes && !done_) {
      if (segment_) {
        KONOMI_CHECK_OK(list_users());
      } else if (next_type_ < catalogue_.size()) {
        KONOMI_CHECK_OK(begin_segment());
      } else {
        json_.end_array().end_object();
        done_ = true;
      }
    }
    chunk = json_.take();
    return true;
  }

 private:
  Result<void> begin_segment() {
    const MenuType& type = catalogue_[next_type_++].id;
    KONOMI_TRY(segment_, MergedSegment::open(preferences_, type, buckets_, std::nullopt,
                                             kRowsPerFetchOfAStream));
    users_ = 0;
    json_.begin_object();
    json_.key("menu_type").text(type.value());
    json_.key("user_ids").begin_array();
    return {};
  }

  // Until the piece is full or the segment is over.
  Result<void> list_users() {
    while (json_.size() < rest::kPieceBytes) {
      KONOMI_TRY(const UserPreference* row, segment_->next());
      if (row == nullptr) {
        json_.end_array();
        json_.key("count").number(users_);
        json_.end_object();
        segment_.reset();
        return {};
      }
      json_.text(row->user_id.value());
      ++users_;
    }
    return {};
  }

  PreferenceStore& preferences_;
  BucketCount buckets_;
  std::vector<MenuTypeEntry> catalogue_;
  std::size_t next_type_ = 0;
  std::optional<MergedSegment> segment_;
  std::uint64_t users_ = 0;  // Listed of `segment_`.
  wire::JsonWriter json_;
  bool done_ = false;
};

// A whole segment as CSV.
class CsvSource {
 public:
  CsvSource(MergedSegment segment, SegmentFilter filter)
      : segment_(std::move(segment)), filter_(filter), piece_(csv_header()) {}

  Result<bool> operator()(std::string& chunk) {
    if (done_) return false;
    while (piece_.size() < rest::kPieceBytes && !done_) {
      KONOMI_TRY(const UserPreference* row, segment_.next());
      done_ = row == nullptr;
      if (done_ || !filter_.matches(row->preference)) continue;
      wire::CsvWriter csv(std::move(piece_));
      wire::write_preference(csv, *row, kAnswered);
      piece_ = csv.take();
    }
    chunk = std::exchange(piece_, {});
    return true;
  }

 private:
  static std::string csv_header() {
    wire::CsvWriter names({}, wire::CsvWriter::Rows::names);
    wire::write_preference(names, UserPreference(), kAnswered);
    return names.take();
  }

  MergedSegment segment_;
  SegmentFilter filter_;
  std::string piece_;
  bool done_ = false;
};

struct PageBounds {
  std::uint64_t users_max = 0;
  std::uint64_t rows_read_max = 0;
};

struct Page {
  std::vector<UserPreference> users;
  std::optional<UserId> last_read;  // Set when there is more to read after it.
};

Result<Page> read_page(MergedSegment& segment, const SegmentFilter& filter, PageBounds bounds) {
  Page page;
  UserId last_read;
  for (std::uint64_t rows_read = 0;; ++rows_read) {
    KONOMI_TRY(const UserPreference* row, segment.next());
    if (row == nullptr) return page;
    if (page.users.size() == bounds.users_max || rows_read == bounds.rows_read_max) {
      page.last_read = std::move(last_read);
      return page;
    }
    last_read = row->user_id;
    if (filter.matches(row->preference)) page.users.push_back(*row);
  }
}

}  // namespace

SegmentHandlers::SegmentHandlers(PreferenceStore& preferences, SummaryStore& summaries,
                                 SettingsStore& settings, BusinessCalendar calendar,
                                 BucketCount buckets, std::uint64_t rows_read_per_page_max)
    : preferences_(preferences),
      summaries_(summaries),
      settings_(settings),
      calendar_(std::move(calendar)),
      buckets_(buckets),
      rows_read_per_page_max_(rows_read_per_page_max) {}

void SegmentHandlers::register_routes(rest::Router& router) const {
  router.add(
      http::Method::get, "/api/user_segments", rest::Scope::exports,
      [this](const http::Request& request) { return first_version_segments(request); },
      rest::ErrorShape::first_version);
  router.add(http::Method::get, "/api/v1/segments", rest::Scope::read,
             [this](const http::Request& request) { return segments(request); });
  router.add(http::Method::get, "/api/v1/segments/{menu_type}/users", rest::Scope::read,
             [this](const http::Request& request) { return users(request); });
}

Result<http::Response> SegmentHandlers::first_version_segments(const http::Request&) const {
  KONOMI_TRY(auto catalogue, settings_.menu_types());
  return rest::streamed_response("application/json",
                                 FirstVersionSource(preferences_, buckets_, std::move(catalogue)));
}

Result<http::Response> SegmentHandlers::segments(const http::Request&) const {
  KONOMI_TRY(const SegmentSizes sizes, segment_sizes(summaries_));
  KONOMI_TRY(const auto catalogue, settings_.menu_types());
  wire::JsonWriter json;
  json.begin_object();
  json.key("segments").begin_array();
  for (const MenuTypeEntry& entry : catalogue) {
    const auto found = sizes.users_by_type.find(entry.id);
    const std::uint64_t users = found == sizes.users_by_type.end() ? 0 : found->second;
    json.begin_object();
    json.key("menu_type").text(entry.id.value());
    json.key("users").number(users);
    json.key("share").decimal(wire::share_e4(users, sizes.users), 4);
    json.end_object();
  }
  json.end_array();
  json.key("undecided").number(sizes.undecided);
  json.key("users").number(sizes.users);
  json.key("day");
  sizes.last_day ? json.date(*sizes.last_day) : json.null();
  json.key("computed_at");
  sizes.computed_at ? json.instant(*sizes.computed_at) : json.null();
  json.end_object();
  return http::Response{.body = json.take()};
}

Result<rest::Answer> SegmentHandlers::users(const http::Request& request) const {
  const MenuType type(request.params.at(0));
  KONOMI_TRY(const SegmentFilter filter, segment_filter(request, calendar_));
  KONOMI_TRY(const std::uint64_t users_max,
             rest::integer_parameter(request, "limit", kUsersPerPage, kUsersPerPageDefault));
  KONOMI_TRY(const bool csv, csv_is_asked_for(request));
  KONOMI_TRY(const auto catalogue, settings_.menu_types());
  if (std::ranges::find(catalogue, type, &MenuTypeEntry::id) == catalogue.end()) {
    return fail(ErrorCode::not_found,
                fmt::format("menu type {} is not in the catalogue; GET /api/v1/menu_types lists it",
                            quote(type.value())));
  }
  if (csv) {
    if (!rest::caller_of(request).scopes.has(rest::Scope::exports)) {
      return rest::problem_response(
          403,
          "a whole list needs the scope \"export\", which this API key has not; pages of the "
          "list in JSON need \"read\"");
    }
    KONOMI_TRY(auto segment, MergedSegment::open(preferences_, type, buckets_, std::nullopt,
                                                 kRowsPerFetchOfAStream));
    KONOMI_TRY(auto response, rest::streamed_response("text/csv; charset=utf-8",
                                                      CsvSource(std::move(segment), filter)));
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"{}\"", csv_file_name(type)));
    return rest::Answer(std::move(response), {{"exported", "a segment as CSV"}});
  }

  const std::string list = list_name(type, filter);
  std::optional<UserId> after;
  if (const auto cursor = request.query_value("cursor")) {
    KONOMI_TRY(std::string position, rest::decode_cursor(list, *cursor));
    after = UserId(std::move(position));
  }
  KONOMI_TRY(auto segment, MergedSegment::open(preferences_, type, buckets_, after,
                                               rows_per_fetch(users_max, buckets_)));
  KONOMI_TRY(const Page page,
             read_page(segment, filter,
                       {.users_max = users_max, .rows_read_max = rows_read_per_page_max_}));
  wire::JsonWriter json;
  json.begin_object();
  json.key("menu_type").text(type.value());
  json.key("users").begin_array();
  for (const UserPreference& user : page.users) {
    json.begin_object();
    wire::write_preference(json, user, kAnswered);
    json.end_object();
  }
  json.end_array();
  json.key("next_cursor");
  page.last_read ? json.text(rest::encode_cursor(list, page.last_read->value())) : json.null();
  json.end_object();
  return http::Response{.body = json.take()};
}

}  // namespace konomi::api
