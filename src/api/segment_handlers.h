#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"
#include "rest/router.h"

namespace konomi::api {

// Rows that one request for a page reads before it gives up on filling it: with narrow filters a
// page can be short and still have a next one.
inline constexpr std::uint64_t kRowsReadPerPageMax = 200'000;

// Who prefers what: the segments' sizes and their users. Blocking; safe from every thread; the
// stores outlive it, and it outlives its answers' streams.
class SegmentHandlers {
 public:
  SegmentHandlers(PreferenceStore& preferences, SummaryStore& summaries, SettingsStore& settings,
                  BusinessCalendar calendar, BucketCount buckets,
                  std::uint64_t rows_read_per_page_max = kRowsReadPerPageMax);

  void register_routes(rest::Router& router) const;

 private:
  Result<http::Response> first_version_segments(const http::Request& request) const;
  Result<http::Response> segments(const http::Request& request) const;
  Result<rest::Answer> users(const http::Request& request) const;

  PreferenceStore& preferences_;
  SummaryStore& summaries_;
  SettingsStore& settings_;
  const BusinessCalendar calendar_;
  const BucketCount buckets_;
  const std::uint64_t rows_read_per_page_max_;
};

}  // namespace konomi::api
