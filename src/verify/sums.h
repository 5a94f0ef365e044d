#pragma once

#include "domain/day_summary.h"
#include "domain/order.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

namespace konomi::verify {

// The figures of a day as this room adds them up. It shares no counting with src/aggregate and
// src/domain: a mistake there must not be made here as well.
struct Sums {
  using Hours = std::array<std::uint64_t, 24>;

  std::unordered_map<std::string, Hours> hours_of_types;
  std::uint64_t orders = 0;
  std::uint64_t users = 0;
  std::uint64_t checksum = 0;

  void count(const Order& order, int hour);  // Counts a placed order; users are counted apart.
  void add(const Sums& other);
};

Sums sums_of(const DayFigures& figures);

// The fingerprint of docs/formats.md, written from that page.
std::uint64_t fingerprint(const Order& order);

// Calls `differ` for each figure in which `found` is not `expected`.
using Differ =
    std::function<void(const std::string& what, std::string expected, std::string found)>;
void compare(const Sums& expected, const DayFigures& found, const Differ& differ);

}  // namespace konomi::verify
