#include "verify/sums.h"

#include <fmt/format.h>

#include <numeric>
#include <set>
#include <string_view>

namespace konomi::verify {
namespace {

class Fnv1a {
 public:
  void bytes(std::string_view text) {
    for (const char c : text) byte(static_cast<unsigned char>(c));
  }
  void little_endian(std::uint64_t number) {
    for (int i = 0; i < 8; ++i, number >>= 8) byte(static_cast<unsigned char>(number));
  }
  void text(std::string_view text) {
    bytes(text);
    little_endian(text.size());
  }
  std::uint64_t value() const { return value_; }

 private:
  void byte(unsigned char byte) {
    value_ ^= byte;
    value_ *= 0x100000001b3;
  }

  std::uint64_t value_ = 0xcbf29ce484222325;
};

std::uint64_t split_mix(std::uint64_t v) {
  v ^= v >> 30;
  v *= 0xbf58476d1ce4e5b9;
  v ^= v >> 27;
  v *= 0x94d049bb133111eb;
  v ^= v >> 31;
  return v;
}

std::uint64_t total(const Sums::Hours& hours) {
  return std::accumulate(hours.begin(), hours.end(), std::uint64_t{0});
}

}  // namespace

std::uint64_t fingerprint(const Order& order) {
  Fnv1a hash;
  hash.text(order.user_id.value());
  hash.text(order.order_id.value());
  hash.text(order.menu_type.value());
  hash.little_endian(static_cast<std::uint64_t>(order.ordered_at.time_since_epoch().count()));
  return split_mix(hash.value());
}

void Sums::count(const Order& order, int hour) {
  hours_of_types[order.menu_type.value()].at(static_cast<std::size_t>(hour)) += 1;
  orders += 1;
  checksum += fingerprint(order);
}

void Sums::add(const Sums& other) {
  for (const auto& [type, theirs] : other.hours_of_types) {
    Hours& ours = hours_of_types[type];
    for (std::size_t hour = 0; hour < ours.size(); ++hour) ours[hour] += theirs[hour];
  }
  orders += other.orders;
  users += other.users;
  checksum += other.checksum;
}

Sums sums_of(const DayFigures& figures) {
  Sums sums;
  for (const auto& [type, of_type] : figures.types)
    sums.hours_of_types[type.value()] = of_type.by_hour;
  sums.orders = figures.orders;
  sums.users = figures.users;
  sums.checksum = figures.checksum;
  return sums;
}

void compare(const Sums& expected, const DayFigures& found, const Differ& differ) {
  const auto check = [&](const std::string& what, std::uint64_t should, std::uint64_t is) {
    if (should != is) differ(what, fmt::to_string(should), fmt::to_string(is));
  };
  std::set<std::string> types;
  for (const auto& [type, hours] : expected.hours_of_types) types.insert(type);
  for (const auto& [type, figures] : found.types) types.insert(type.value());
  for (const std::string& type : types) {
    const auto ours = expected.hours_of_types.find(type);
    const Sums::Hours should = ours == expected.hours_of_types.end() ? Sums::Hours{} : ours->second;
    const auto theirs = found.types.find(MenuType(type));
    const TypeFigures is = theirs == found.types.end() ? TypeFigures() : theirs->second;
    check("orders of " + type, total(should), is.orders);
    for (std::size_t hour = 0; hour < should.size(); ++hour)
      check(fmt::format("orders of {} at {} h", type, hour), should[hour], is.by_hour[hour]);
  }
  check("orders", expected.orders, found.orders);
  check("users", expected.users, found.users);
  if (expected.checksum != found.checksum)
    differ("checksum", fmt::format("{:016x}", expected.checksum),
           fmt::format("{:016x}", found.checksum));
}

}  // namespace konomi::verify
