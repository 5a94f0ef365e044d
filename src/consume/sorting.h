#pragma once

#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/expiry.h"
#include "domain/menu_type.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace konomi::consume {

// A record that cannot be stored.
struct RefusedRecord {
  std::size_t index = 0;  // Among the records that were judged.
  OrderRefusal why;
  RawRecord raw;  // Empty until the consumer has read it from the log.
};

// Which of some records can be stored, before anything is written.
struct Judgement {
  std::vector<RefusedRecord> refused;  // By index.
  std::vector<MenuType> new_types;     // Types of storable orders that the catalogue lacks.

  // Whether a catalogue that has grown since could change the judgement.
  bool asks_for_types() const;
};

// Which orders belong to days that are no longer kept (domain/expiry.h), as instants.
struct TooOld {
  struct Bound {
    Timestamp ordered_before;  // Such an order is of an expired day …
    Timestamp logged_from;     // … and is refused when it was logged from then on.

    bool is_expired(const Order& order) const { return order.ordered_at < ordered_before; }
    bool refuses(const LogRecord& record, const Order& order) const {
      return is_expired(order) && record.logged_at >= logged_from;
    }
  };
  Bound last, earlier;    // The last two announcements.
  BusinessDay kept_from;  // For messages.

  bool is_expired(const Order& order) const { return last.is_expired(order); }
  bool refuses(const LogRecord& record, const Order& order) const {
    return last.refuses(record, order) || earlier.refuses(record, order);
  }
};

// Only placed orders need a type that is known, or may become known: a cancelled order is not
// counted and needs no type, and a cancellation must never be refused for one.
//
// An order that is too old is refused, and so is a cancellation: its day's figures cannot be
// counted again.
Judgement judge_records(std::span<const LogRecord> records, const KnownMenuTypes& known,
                        const std::optional<TooOld>& too_old = std::nullopt);

// The reason that most of the refused records have, and how many of them; null when there is none.
// Orders that are too old do not count: no outage makes them so, and no waiting mends them.
struct CommonReason {
  const OrderRefusal* first = nullptr;
  std::size_t records = 0;
};
CommonReason most_common_reason(const Judgement& judgement);

// Why a record is passed without being stored or made a dead letter.
enum class PassedBy {
  erased,       // It is older than the erasure of its user.
  redelivered,  // It was dealt with before, and its day has expired since.
};

// Decides about one record; nothing: it is stored, or becomes a dead letter.
using PassBy = std::function<std::optional<PassedBy>(const LogRecord&)>;

// What is to be written for some log records, each piece where it belongs.
struct SortedRecords {
  std::size_t records = 0;              // All that were sorted, those passed by included.
  std::size_t erased = 0;               // Passed by for PassedBy::erased.
  std::size_t redelivered = 0;          // Passed by for PassedBy::redelivered.
  std::optional<ErasureOrder> erasure;  // Then it is the one record.
  std::vector<MenuType> new_types;      // To be in the catalogue before the orders are stored.
  std::vector<DeadLetter> dead_letters;
  std::vector<LetterEvent> letter_events;  // Of replayed orders that cannot be stored again.
  StoreBatch batch;
};

// Every other record ends in the batch or as a dead letter. Orders stay in the order of the
// records, and one that came twice stays twice: its version tells the store which is the later. A
// watermark's `stored_up_to` is the log time of the partition's last record.
//
// A replayed order has the version of the record that it was, as long as both lie in one partition:
// offsets of different partitions cannot be compared. Refused, it is the letter of that record.
//
// A record for which `pass_by` gives a reason is counted, and neither stored nor a dead letter.
SortedRecords sort_records(std::vector<LogRecord> records, Judgement judgement,
                           const PassBy& pass_by, const BusinessCalendar& calendar,
                           BucketCount bucket_count, Timestamp now);

// An erasure, alone.
SortedRecords sort_erasure(const LogRecord& record, BucketCount bucket_count);

// The version that the record's order is stored with.
Version version_of(const LogRecord& record);

}  // namespace konomi::consume
