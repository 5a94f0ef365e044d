#include "api/status_handlers.h"

#include "api/segment_sizes.h"
#include "api/uncounted.h"
#include "wire/json_writer.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace konomi::api {
namespace {

// Next offsets, summed over the partitions: 0 is empty, and equal sums mean nothing in between.
struct LogFigures {
  std::uint64_t end = 0;
  std::uint64_t stored_up_to = 0;
  std::uint64_t counted_up_to = 0;
};

LogFigures log_figures(const std::map<LogPartition, LogOffset>& ends,
                       const std::map<LogPartition, Watermark>& watermarks,
                       const std::optional<CountProgress>& progress) {
  LogFigures figures;
  for (const auto& [partition, end] : ends) figures.end += end.value();
  for (const auto& [partition, watermark] : watermarks) {
    figures.stored_up_to += watermark.next_offset.value();
  }
  if (progress) {
    for (const auto& [partition, next] : progress->next_offsets) {
      figures.counted_up_to += next.value();
    }
  }
  return figures;
}

void write_log(wire::JsonWriter& json, const LogFigures& log) {
  json.begin_object();
  json.key("end").number(log.end);
  json.key("stored_up_to").number(log.stored_up_to);
  json.key("counted_up_to").number(log.counted_up_to);
  json.key("lag_records").number(log.end > log.stored_up_to ? log.end - log.stored_up_to : 0);
  json.end_object();
}

void write_consume(wire::JsonWriter& json, const AskConsume& consume) {
  if (!consume) {
    json.null();
    return;
  }
  const ConsumeStanding standing = consume();
  json.begin_object();
  json.key("state").text(standing.state);
  json.key("error").optional_text(standing.error);
  json.end_object();
}

void write_days(wire::JsonWriter& json, const std::optional<SummaryStore::Range>& range) {
  json.begin_object();
  json.key("first");
  range ? json.date(range->first) : json.null();
  json.key("last");
  range ? json.date(range->last) : json.null();
  json.key("count").number(range ? range->count : 0);
  json.end_object();
}

void write_last_count(wire::JsonWriter& json, const std::optional<CountProgress>& progress) {
  if (!progress) {
    json.null();
    return;
  }
  json.begin_object();
  json.key("finished_at").instant(progress->finished_at);
  json.key("seconds").decimal(static_cast<std::uint64_t>(progress->duration.count()), 3);
  json.end_object();
}

}  // namespace

StatusHandlers::StatusHandlers(OrderLog& log, OrderStore& orders, SummaryStore& summaries,
                               SettingsStore& settings, DeadLetters& letters, AskConsume consume,
                               const Clock& clock, BusinessCalendar calendar, BucketCount buckets,
                               Identity identity)
    : log_(log),
      orders_(orders),
      summaries_(summaries),
      settings_(settings),
      dead_letters_(letters),
      consume_(std::move(consume)),
      clock_(clock),
      calendar_(std::move(calendar)),
      buckets_(buckets),
      identity_(std::move(identity)) {}

void StatusHandlers::register_routes(rest::Router& router) const {
  router.add(http::Method::get, "/api/v1/status", rest::Scope::read,
             [this](const http::Request& request) { return status(request); });
}

Result<http::Response> StatusHandlers::status(const http::Request&) const {
  // Against the way of an order, so that no figure shows more than the one before it in the answer:
  // counted ≤ stored ≤ end.
  KONOMI_TRY(const auto progress, summaries_.progress(all_buckets(buckets_)));
  KONOMI_TRY(const auto watermarks, orders_.watermarks());
  KONOMI_TRY(const auto ends, log_.ends());
  KONOMI_TRY(const std::size_t dirty, count_dirty_days());
  KONOMI_TRY(const auto range, summaries_.days_range());
  KONOMI_TRY(const std::uint64_t dead_letters, dead_letters_.count_waiting());
  KONOMI_TRY(const SegmentSizes sizes, segment_sizes(summaries_));
  const Timestamp now = clock_.now();

  wire::JsonWriter json;
  json.begin_object();
  json.key("engine").text(identity_.engine);
  json.key("version").text(identity_.version);
  json.key("time_zone").text(calendar_.time_zone());
  json.key("day_starts_at").text(day_starts_at_text(calendar_.day_starts_at()));
  json.key("now").instant(now);
  json.key("business_day").date(calendar_.day_of(now));
  json.key("log");
  write_log(json, log_figures(ends, watermarks, progress));
  json.key("consume");
  write_consume(json, consume_);
  json.key("dirty_days").number(dirty);
  json.key("days");
  write_days(json, range);
  json.key("dead_letters").number(dead_letters);
  json.key("users").number(sizes.users);
  json.key("last_count");
  write_last_count(json, progress);
  json.end_object();
  return http::Response{.body = json.take()};
}

Result<std::size_t> StatusHandlers::count_dirty_days() const {
  KONOMI_TRY(const auto stored_rules, settings_.counting_rules());
  const CountingRules rules = stored_rules.value_or(CountingRules());
  KONOMI_TRY(const bool all_counted, everything_is_counted(orders_, summaries_, rules, buckets_));
  if (all_counted) return 0;
  KONOMI_TRY(const auto progress, summaries_.progress(all_buckets(buckets_)));
  const Generation summed_up_under = progress ? progress->generation : Generation(0);
  std::set<BusinessDay> dirty;
  for (std::uint32_t bucket = 0; bucket < buckets_.value(); ++bucket) {
    KONOMI_TRY(auto of_bucket,
               dirty_days(orders_, summaries_, rules, summed_up_under, Bucket(bucket)));
    dirty.merge(of_bucket);
  }
  return dirty.size();
}

}  // namespace konomi::api
