#include "import/row_identity.h"

#include "domain/timestamp.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace konomi::import {
namespace {

// 5f0c2ad8-8e1b-4f0e-9d0a-6b6f6e6f6d69, drawn once.
constexpr boost::uuids::uuid kNamespace = {{0x5f, 0x0c, 0x2a, 0xd8, 0x8e, 0x1b, 0x4f, 0x0e, 0x9d,
                                            0x0a, 0x6b, 0x6f, 0x6e, 0x6f, 0x6d, 0x69}};

constexpr std::size_t kPlacesAtFirst = 1024;

boost::uuids::uuid row_uuid(const Order& order, std::uint64_t occurrence) {
  const std::string name =
      fmt::format("{}\n{}\n{}\n{}", order.user_id.value(), to_rfc3339(order.ordered_at),
                  order.menu_type.value(), occurrence);
  return boost::uuids::name_generator_sha1(kNamespace)(name);
}

// 64 bits of the SHA-1 in a first occurrence's UUID, never 0.
std::uint64_t fingerprint_of(const boost::uuids::uuid& uuid) {
  std::uint64_t low = 0, high = 0;
  std::memcpy(&high, uuid.data, sizeof high);
  std::memcpy(&low, uuid.data + sizeof high, sizeof low);
  const std::uint64_t mixed = high ^ std::rotl(low, 23);  // The version's and variant's bits meet
  return mixed == 0 ? 1 : mixed;                          // others.
}

}  // namespace

OrderId row_order_id(const Order& order, std::uint64_t occurrence) {
  return OrderId(boost::uuids::to_string(row_uuid(order, occurrence)));
}

RowIdentity::RowIdentity() : seen_(kPlacesAtFirst, 0) {}

Result<OrderId> RowIdentity::next_id(const Order& order) {
  if (seen_count_ >= kRowsMax) {
    return fail(ErrorCode::overloaded,
                fmt::format("the file has more than {} different rows without an order_id; import "
                            "it in parts",
                            kRowsMax));
  }
  const boost::uuids::uuid first = row_uuid(order, 0);
  const std::uint64_t before = occurrences_before(fingerprint_of(first));
  return before == 0 ? OrderId(boost::uuids::to_string(first)) : row_order_id(order, before);
}

std::uint64_t RowIdentity::occurrences_before(std::uint64_t fingerprint) {
  const std::size_t mask = seen_.size() - 1;
  std::size_t at = fingerprint & mask;
  for (; seen_[at] != 0; at = (at + 1) & mask) {
    if (seen_[at] == fingerprint) return ++repeats_[fingerprint];
  }
  seen_[at] = fingerprint;
  ++seen_count_;
  if (seen_count_ * 4 > seen_.size() * 3) grow();
  return 0;
}

void RowIdentity::grow() {
  std::vector<std::uint64_t> old(seen_.size() * 2, 0);
  old.swap(seen_);
  const std::size_t mask = seen_.size() - 1;
  for (const std::uint64_t fingerprint : old) {
    if (fingerprint == 0) continue;
    std::size_t at = fingerprint & mask;
    while (seen_[at] != 0) at = (at + 1) & mask;
    seen_[at] = fingerprint;
  }
}

}  // namespace konomi::import
