#pragma once

#include "base/result.h"
#include "domain/ids.h"
#include "domain/order.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace konomi::import {

// Gives an id to each row of a file that has none: a UUIDv5 of user, time, type and how often that
// row occurred before in the file (docs/design.md#identity). The same file gives the same ids every
// time, so that importing it again counts nothing twice, and two equal rows stay two orders.
//
// The name that is hashed: user_id LF ordered_at (RFC 3339, UTC, milliseconds) LF menu_type LF
// occurrence (decimal, from 0); none of them can hold a line feed. The namespace is kNamespace in
// the .cc file. Neither may ever change.
//
// Remembers 11 to 22 bytes for each row it named; used by one thread.
class RowIdentity {
 public:
  static constexpr std::uint64_t kRowsMax = 200'000'000;

  RowIdentity();

  // `overloaded` after kRowsMax different rows.
  Result<OrderId> next_id(const Order& order);

 private:
  std::uint64_t occurrences_before(std::uint64_t fingerprint);
  void grow();

  // An open-addressing table of the fingerprints seen, 0 for a free place: a set, because nearly
  // every row occurs once and a map of ten million rows would take half a gigabyte.
  std::vector<std::uint64_t> seen_;
  std::uint64_t seen_count_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> repeats_;  // Only rows that occurred again.
};

// The id of a row that occurred `occurrence` times before.
OrderId row_order_id(const Order& order, std::uint64_t occurrence);

}  // namespace konomi::import
