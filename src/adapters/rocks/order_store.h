#pragma once

#include "adapters/rocks/database.h"
#include "adapters/rocks/stores.h"
#include "base/mutex.h"
#include "ports/order_store.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace konomi::rocks {

// The key of a log partition's watermark, among kSettings.
std::string watermark_key(LogPartition partition);

// The orders, marks and watermarks of `stores/`.
//
// Versions are compared only where they can lose: an order whose version is above every one stored
// before is written without a look at what is there, and so are marks above every earlier one. The
// consumer's batches are of that kind; a replayed record or a second delivery is not.
class RocksOrderStore final : public OrderStore {
 public:
  explicit RocksOrderStore(Database& database) : database_(database) {}

  Result<void> put(const StoreBatch& batch) override;
  Result<std::map<LogPartition, Watermark>> watermarks() override;
  Result<std::map<BusinessDay, Marks>> marks(Bucket bucket) override;
  Result<std::unique_ptr<Cursor<StoredOrder>>> scan(BusinessDay day, Bucket bucket) override;
  Result<std::vector<StoredOrder>> orders_of(const UserId& user_id, Bucket bucket, BusinessDay day,
                                             const std::optional<OrderId>& after,
                                             std::size_t orders_max) override;
  Result<void> erase(const ErasureOrder& erasure) override;
  Result<std::vector<Erasure>> erasures(Bucket bucket) override;
  Result<void> put_erasure(const Erasure& erasure) override;
  Result<void> remove_orders(BusinessDay day, Bucket bucket, const Marks& marks) override;
  Result<void> reclaim(BusinessDay before) override;

 private:
  // What the batches so far have reached: what lies above needs no comparison.
  struct Highest {
    Version version;
    Marks marks;
    bool has_version = false;
  };

  Result<Highest> read_highest(const StoreBatch& batch);
  Result<void> put_orders(const std::vector<PlacedRow>& orders, const Highest& highest,
                          RowBatch& rows);
  Result<void> put_compared(const std::vector<PlacedRow>& orders, RowBatch& rows);
  Result<void> put_marks(const std::vector<DayMark>& marks, const Highest& highest, RowBatch& rows);
  Result<void> put_watermarks(const std::map<LogPartition, Watermark>& watermarks, RowBatch& rows);

  Database& database_;
  Mutex put_mutex_;  // Held by every write: they read what they replace.
};

}  // namespace konomi::rocks
