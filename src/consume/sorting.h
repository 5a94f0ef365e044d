#pragma once

#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/menu_type.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

namespace konomi::consume {

// The menu types that orders may have.
struct KnownMenuTypes {
  std::unordered_set<MenuType> types;
  UnknownMenuTypes unknown = UnknownMenuTypes::accept;
  std::size_t types_max = 0;  // Of the catalogue; one more is refused.
};

// What is to be written for some log records, each piece where it belongs.
struct SortedRecords {
  std::size_t records = 0;          // That were sorted.
  std::vector<MenuType> new_types;  // To be in the catalogue before the orders are stored.
  std::vector<DeadLetter> dead_letters;
  StoreBatch batch;
};

// Whether sorting `record` asks for a type that is not in `known`. Only placed orders do: a
// cancelled order is not counted and needs no type, and a cancellation must never be refused for
// one.
bool needs_unknown_type(const LogRecord& record, const KnownMenuTypes& known);

// Every record ends in the batch or as a dead letter; new types are added to `known`. Orders stay
// in the order of the records, and one that came twice stays twice: its version tells the store
// which is the later. A watermark's `stored_up_to` is the log time of the partition's last record.
SortedRecords sort_records(std::vector<LogRecord> records, const BusinessCalendar& calendar,
                           BucketCount bucket_count, KnownMenuTypes& known, Timestamp now);

// The order as a till would post it, for the dead letter of an order whose own bytes are gone.
std::string json_of(const Order& order);

}  // namespace konomi::consume
