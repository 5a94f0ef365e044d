#pragma once

#include "ports/order_store.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace konomi::support {

// Passes everything on: for stores of tests that do one thing otherwise.
class ForwardingOrderStore : public OrderStore {
 public:
  explicit ForwardingOrderStore(OrderStore& store) : store_(store) {}

  Result<void> put(const StoreBatch& batch) override { return store_.put(batch); }
  Result<std::map<LogPartition, Watermark>> watermarks() override { return store_.watermarks(); }
  Result<std::map<BusinessDay, Marks>> marks(Bucket bucket) override {
    return store_.marks(bucket);
  }
  Result<std::unique_ptr<Cursor<StoredOrder>>> scan(BusinessDay day, Bucket bucket) override {
    return store_.scan(day, bucket);
  }
  Result<std::vector<StoredOrder>> orders_of(const UserId& user_id, Bucket bucket, BusinessDay day,
                                             const std::optional<OrderId>& after,
                                             std::size_t orders_max) override {
    return store_.orders_of(user_id, bucket, day, after, orders_max);
  }
  Result<void> erase(const ErasureOrder& erasure) override { return store_.erase(erasure); }
  Result<std::vector<Erasure>> erasures(Bucket bucket) override { return store_.erasures(bucket); }
  Result<void> put_erasure(const Erasure& erasure) override { return store_.put_erasure(erasure); }
  Result<void> remove_orders(BusinessDay day, Bucket bucket, const Marks& marks) override {
    return store_.remove_orders(day, bucket, marks);
  }
  Result<void> reclaim(BusinessDay before) override { return store_.reclaim(before); }

 protected:
  OrderStore& store() { return store_; }

 private:
  OrderStore& store_;
};

}  // namespace konomi::support
