#pragma once

#include "base/clock.h"
#include "domain/business_day.h"

#include <string_view>

namespace konomi {

// Which raw orders have become too old to be kept (docs/decisions/0013). Kept with the data, and
// only ever moved forward. First it is announced, so that no more orders are accepted for a day
// that is about to leave. When everything logged before that is stored and counted, the orders
// leave. Only then is the next expiry announced, so that every record still to be read was logged
// under this expiry or the next.
struct Expiry {
  BusinessDay before;      // Orders of earlier days leave.
  Timestamp announced_at;  // An order of an earlier day that is logged from then on is refused.
  // The same two values of the expiry before this one.
  BusinessDay earlier_before;
  Timestamp earlier_announced_at;

  friend bool operator==(const Expiry&, const Expiry&) = default;
};

inline constexpr std::string_view kExpiredDay = "expired_day";  // Why it is refused.

}  // namespace konomi
