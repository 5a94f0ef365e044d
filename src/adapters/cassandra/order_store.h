#pragma once

#include "adapters/cassandra/session.h"
#include "ports/order_store.h"

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace konomi::cassandra {

// Every write's timestamp is what it writes: an order's version, a mark's offset, a watermark's
// offset and time, each in its own cell. So nothing is compared here, and nothing goes back.
//
// An erasure is three writes, each on a quorum before the next: what it will take away, while that
// can still be read; the deletion; and that it happened. Only then do its versions count: a count
// that saw both them and the orders would have a version that no later one reaches.
class CassandraOrderStore final : public OrderStore {
 public:
  // The session outlives the store.
  static Result<std::unique_ptr<CassandraOrderStore>> open(Session& session,
                                                           std::string_view keyspace);

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
  struct Statements {
    Statement put_order;
    Statement put_mark;
    Statement put_next_offset;
    Statement put_stored_up_to;
    Statement watermarks;
    Statement marks;
    Statement scan;
    Statement orders_of;
    Statement versions_of;
    Statement remove_user;
    Statement put_erasure;
    Statement erasures;
    Statement remove_orders;
  };

  CassandraOrderStore(Session& session, Statements statements)
      : session_(session), statements_(std::move(statements)) {}

  Result<Erasure> begin_erasure(const ErasureOrder& given);
  Result<void> put_orders(const std::vector<PlacedRow>& orders);
  Result<void> put_marks(const std::vector<DayMark>& marks);
  Result<void> put_watermarks(const std::map<LogPartition, Watermark>& watermarks);

  Session& session_;
  const Statements statements_;
};

}  // namespace konomi::cassandra
