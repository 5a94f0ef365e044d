#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace konomi {

// Reads an RFC 3339 date-time ("2025-05-31T09:00:00.5+09:00"): an offset is required, any number of
// fraction digits is allowed and cut to the millisecond, a leap second (":60") counts as the second
// after. `invalid_argument` says what is wrong with which value.
Result<Timestamp> parse_rfc3339(std::string_view text);

// "2025-05-31T00:00:00.500Z": UTC, always with milliseconds.
std::string to_rfc3339(Timestamp instant);

}  // namespace konomi
