#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "domain/erasure.h"
#include "domain/ids.h"
#include "domain/order.h"
#include "ports/cursor.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace konomi {

struct StoredOrder {
  Order order;
  Version version;

  friend bool operator==(const StoredOrder&, const StoredOrder&) = default;
};

// One order with the place it belongs to.
struct PlacedRow {
  BusinessDay day;
  Bucket bucket;
  StoredOrder stored;
};

// Per (bucket, day): the highest offset stored of each log partition.
struct DayMark {
  BusinessDay day;
  Bucket bucket;
  LogPosition position;
};

// How far one log partition has been stored.
struct Watermark {
  LogOffset next_offset;   // Everything before it is stored or a dead letter.
  Timestamp stored_up_to;  // Every record logged before this instant is stored.

  friend bool operator==(const Watermark&, const Watermark&) = default;
};

struct StoreBatch {
  std::vector<PlacedRow> orders;
  std::vector<DayMark> marks;
  std::map<LogPartition, Watermark> watermarks;
};

// An erasure as it was read from the log.
struct ErasureOrder {
  UserId user_id;
  Bucket bucket;
  LogPosition position;
  Timestamp requested_at;
  std::uint64_t dead_letters = 0;  // That were removed before.
};

// What is kept of it, before any order of the user was noted as removed.
inline Erasure begun(const ErasureOrder& given, ErasureState state) {
  return {.bucket = given.bucket,
          .position = given.position,
          .state = state,
          .digest = digest_of(given.user_id),
          .user_id = given.user_id,
          .requested_at = given.requested_at,
          .removed = {.dead_letters = given.dead_letters}};
}

// The raw orders, and how far they have been stored. Blocking; safe from every thread, but only one
// thread writes a log partition's orders.
class OrderStore {
 public:
  virtual ~OrderStore() = default;

  // Stores orders, then marks, then watermarks; embedded: in one atomic write. Storing again is the
  // same as storing once: an order replaces the one of the same (day, user, order id) unless that
  // has a higher version; marks and watermarks never go back. `unavailable`, `timed_out`,
  // `storage_full`: nothing or a part was stored; put the same batch again.
  virtual Result<void> put(const StoreBatch& batch) = 0;

  virtual Result<std::map<LogPartition, Watermark>> watermarks() = 0;

  // The marks of every day of a bucket, by day.
  virtual Result<std::map<BusinessDay, Marks>> marks(Bucket bucket) = 0;

  // The orders of a (day, bucket), ascending by (user id, order id), cancelled ones included.
  virtual Result<std::unique_ptr<Cursor<StoredOrder>>> scan(BusinessDay day, Bucket bucket) = 0;

  // The orders of one user, whose bucket is `bucket`, on one day, ascending by order id, at most
  // `orders_max`, those after `after` when it is given.
  virtual Result<std::vector<StoredOrder>> orders_of(const UserId& user_id, Bucket bucket,
                                                     BusinessDay day,
                                                     const std::optional<OrderId>& after,
                                                     std::size_t orders_max) = 0;

  // Removes the orders of a user with a version below the erasure's offset, on every day that has a
  // mark; keeps the erasure as ErasureState::stored; marks the days with its position, so that they
  // are counted again. Embedded, this is one atomic write. Everything older of the partition must
  // be stored with its marks. An erasure that is stored already removes nothing. Errors are those
  // of put(): repeat the call.
  virtual Result<void> erase(const ErasureOrder& erasure) = 0;

  // All erasures of a bucket, by position.
  virtual Result<std::vector<Erasure>> erasures(Bucket bucket) = 0;

  // Removes the orders of a (day, bucket), all of which were stored with these marks; the marks
  // stay. Repeating the call changes nothing. On a cluster an order that a late writer writes again
  // stays hidden.
  virtual Result<void> remove_orders(BusinessDay day, Bucket bucket, const Marks& marks) = 0;

  // Removes from the disk the bytes of orders that were removed from days before this one, unless
  // the servers do that by themselves. All other calls go on meanwhile.
  virtual Result<void> reclaim(BusinessDay before) = 0;

  // Replaces an erasure that is stored, by one in the same or a later state. Durable (embedded:
  // fsync).
  virtual Result<void> put_erasure(const Erasure& erasure) = 0;
};

}  // namespace konomi
