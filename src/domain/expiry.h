#pragma once

#include "base/clock.h"
#include "domain/business_day.h"

#include <string_view>

namespace konomi {

// Which raw orders have become too old to be kept (docs/decisions/0013). Kept with the data, and
// only ever moved on. First it is announced, so that no order comes any more for a day that is
// about to go; when all that was logged before is stored and counted, the orders leave.
struct Expiry {
  BusinessDay before;      // Orders of earlier days leave.
  Timestamp announced_at;  // An order of an earlier day that is logged from then on is refused.

  friend bool operator==(const Expiry&, const Expiry&) = default;
};

inline constexpr std::string_view kExpiredDay = "expired_day";  // Why it is refused.

}  // namespace konomi
