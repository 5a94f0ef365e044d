#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::exporting {

// Where an export reads. All of it outlives the export.
struct ExportPorts {
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
  SettingsStore& settings;
};

// In the order in which an export of all of them has them.
//   menu_types   the catalogue, in its order
//   orders       stored orders, cancelled ones too, by business day, user and order id
//   days         figures of business days, by date
//   users        every user with a placed order: the preference and the counts behind it, by the
//                day of the first order and user
//   segments     who prefers what, with the evidence, by menu type and user
//   changes      whose preference changed, by business day and user
enum class Kind { menu_types, orders, days, users, segments, changes };

enum class Format { ndjson, csv };

struct ExportRequest {
  std::vector<Kind> kinds;
  Format format = Format::ndjson;
  std::optional<BusinessDay> from;  // Limits orders, days and changes; inclusive.
  std::optional<BusinessDay> to;
};

// Reads what a caller asks for: a kind's name or "all"; "ndjson" or "csv"; dates.
// `invalid_argument` says what can be asked for: all kinds have no common columns, and menu types,
// users and segments no day.
Result<ExportRequest> parse_request(std::string_view kind, std::string_view format,
                                    std::optional<std::string_view> from,
                                    std::optional<std::string_view> to);

// Writes down what is stored: the same bytes for the same orders, whatever the engine and the
// bucket count. What says when or where it was counted (state, revision, times, log positions,
// versions) is left out. Rows are read as it goes on: of a konomi that is counting meanwhile, a day
// is as it was at some moment. In memory are some rows of each bucket. Used by one thread.
class Export {
 public:
  Export(const ExportPorts& ports, BucketCount bucket_count, ExportRequest request);
  ~Export();
  Export(const Export&) = delete;
  Export& operator=(const Export&) = delete;

  // Replaces `piece` by the next bytes, whole lines; false at the end. Errors are the stores';
  // after one the export is of no more use.
  Result<bool> next(std::string& piece);

 private:
  class Section;
  class OfChanges;
  class MenuTypes;
  class Orders;
  class Days;
  class Users;
  class Segments;
  class Changes;

  Result<std::unique_ptr<Section>> open(Kind kind);

  const ExportPorts ports_;
  const std::vector<Bucket> buckets_;
  const ExportRequest request_;
  std::size_t next_kind_ = 0;
  std::unique_ptr<Section> section_;
};

}  // namespace konomi::exporting
