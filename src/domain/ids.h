#pragma once

#include "base/strong.h"

#include <cstdint>
#include <string>

namespace konomi {

// 1–256 bytes, compared as bytes, never normalised.
using UserId = Strong<struct UserIdTag, std::string>;
// 1–128 bytes; unique within (business day, user).
using OrderId = Strong<struct OrderIdTag, std::string>;
// 1–64 bytes of free text: "washoku", "Americano with Milk".
using MenuType = Strong<struct MenuTypeTag, std::string>;

using LogPartition = Strong<struct LogPartitionTag, std::uint32_t>;
// Counts orders within a partition, from 0.
using LogOffset = Strong<struct LogOffsetTag, std::uint64_t>;

struct LogPosition {
  LogPartition partition;
  LogOffset offset;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

// Orders writes to one row instead of a clock or a lock: the higher version stays
// (docs/design.md#versions). The version of a stored order is its log offset; that of a derived
// value is made of the versions it was computed from (domain/version.h).
using Version = Strong<struct VersionTag, std::uint64_t>;

}  // namespace konomi
