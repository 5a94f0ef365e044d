#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/business_day.h"
#include "http/message.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace konomi::rest {

// Query parameters as values. Absent gives nothing or the fallback; malformed is
// `invalid_argument`, naming the parameter, its value and what was expected. Of a repeated
// parameter the first counts.

Result<std::optional<BusinessDay>> day_parameter(const http::Request& request,
                                                 std::string_view name);

// An instant of RFC 3339.
Result<std::optional<Timestamp>> instant_parameter(const http::Request& request,
                                                   std::string_view name);

struct IntegerRange {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};
Result<std::uint64_t> integer_parameter(const http::Request& request, std::string_view name,
                                        IntegerRange range, std::uint64_t fallback);

// A decimal from 0 to 1 in ten-thousandths, rounded up: what is stored has four decimals, so that
// "at least 0.90001" means "at least 0.9001". Absent is 0.
Result<std::uint32_t> fraction_e4_parameter(const http::Request& request, std::string_view name);

}  // namespace konomi::rest
