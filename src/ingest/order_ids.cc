#include "ingest/order_ids.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <string>

namespace konomi::ingest {
namespace {

// A fixed random UUID: changing it would turn every event that is delivered again into a new order.
constexpr boost::uuids::uuid kEventNamespace = {{0x5e, 0x0c, 0x0e, 0x2b, 0x86, 0x4d, 0x4f, 0x07,
                                                 0x9d, 0x51, 0xa4, 0x3d, 0x1c, 0xb2, 0x77, 0xe9}};

// SplitMix64's finalizer: a bijection, so different numbers never give the same bits.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

OrderId to_order_id(const boost::uuids::uuid& uuid) {
  constexpr std::size_t kUuidText = 36;
  std::string text(kUuidText, '\0');
  boost::uuids::to_chars(uuid, text.data(), text.data() + text.size());
  return OrderId(std::move(text));
}

}  // namespace

OrderId OrderIds::next(Timestamp now) {
  const std::uint64_t number = given_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t unique = mix(seed_a_ + number);
  const std::uint64_t more = mix(seed_b_ + unique);
  const auto milliseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  // 48 bits of time, 4 of version, 12 + 62 free ones around the 2 of the variant. All 64 bits of
  // `unique` are in, which is what keeps the ids of one process apart.
  const std::uint64_t high = milliseconds << 16 | 0x7000U | (more & 0x3ffU) << 2 | (unique >> 62);
  const std::uint64_t low = 0x8000000000000000U | (unique & 0x3fffffffffffffffU);
  boost::uuids::uuid uuid;
  for (int i = 0; i < 8; ++i) {
    uuid.data[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    uuid.data[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return to_order_id(uuid);
}

OrderId order_id_of_event(std::string_view source, std::string_view id) {
  std::string name(source);
  name += '\0';  // Neither text holds it, so no two events share a name.
  name += id;
  return to_order_id(boost::uuids::name_generator_sha1(kEventNamespace)(name));
}

}  // namespace konomi::ingest
