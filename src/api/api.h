#pragma once

#include "api/day_handlers.h"
#include "api/erasure_handlers.h"
#include "api/letter_handlers.h"
#include "api/menu_type_handlers.h"
#include "api/segment_handlers.h"
#include "api/status_handlers.h"
#include "api/user_handlers.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "dlq/reprocessing.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/menu_type.h"
#include "domain/preference.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"
#include "rest/router.h"

#include <string>

namespace konomi::api {

// Where the role reads. All of it outlives the Api.
struct Sources {
  OrderLog& log;
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
  SettingsStore& settings;
  DeadLetters& dead_letters;
  dlq::Reprocessing& reprocessing;
  const Clock& clock;
  AskConsume consume;  // Empty where consume is another process.
};

struct ApiSettings {
  BusinessCalendar calendar;                          // The stored data's.
  BucketCount bucket_count = kBucketCountDefault;     // The stored data's.
  PreferenceRules rules;                              // As long as the stores hold none.
  std::size_t menu_types_max = kMenuTypesMaxDefault;  // PUT /api/v1/menu_types adds up to here.
  std::uint64_t rows_read_per_page_max = kRowsReadPerPageMax;
  Identity identity;
};

// The role that people ask: every GET, and what an operator decides: PUT /api/v1/menu_types, and
// the replaying and discarding of dead letters. Outlives the server whose router it fills. Handlers
// block; they run on the server's workers, many at a time.
class Api {
 public:
  Api(const Sources& sources, ApiSettings settings);

  void register_routes(rest::Router& router) const;

 private:
  DayHandlers days_;
  SegmentHandlers segments_;
  UserHandlers users_;
  MenuTypeHandlers menu_types_;
  LetterHandlers letters_;
  ErasureHandlers erasures_;
  StatusHandlers status_;
};

}  // namespace konomi::api
