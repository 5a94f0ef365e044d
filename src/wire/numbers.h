#pragma once

#include <cstdint>
#include <string>

namespace konomi::wire {

// `scaled` / 10^decimals with every decimal: (4130, 4) is "0.4130". `decimals` is at most 18.
std::string fixed_decimal_text(std::uint64_t scaled, int decimals);

// The same without trailing zeros: (4130, 4) is "0.413", (10000, 4) is "1".
std::string decimal_text(std::uint64_t scaled, int decimals);

// `part` / `whole` in ten-thousandths, rounded half up; 0 when `whole` is 0.
// `part` ≤ `whole` < 2^48.
std::uint64_t share_e4(std::uint64_t part, std::uint64_t whole);

}  // namespace konomi::wire
