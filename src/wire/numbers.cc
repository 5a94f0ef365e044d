#include "wire/numbers.h"

#include "base/assert.h"

#include <fmt/format.h>

namespace konomi::wire {

std::string fixed_decimal_text(std::uint64_t scaled, int decimals) {
  KONOMI_ASSERT(decimals >= 0 && decimals <= 18, "10^decimals must fit 64 bits");
  std::uint64_t one = 1;
  for (int i = 0; i < decimals; ++i) one *= 10;
  if (decimals == 0) return fmt::to_string(scaled);
  return fmt::format("{}.{:0{}}", scaled / one, scaled % one, decimals);
}

std::string decimal_text(std::uint64_t scaled, int decimals) {
  for (; decimals > 0 && scaled % 10 == 0; --decimals) scaled /= 10;
  return fixed_decimal_text(scaled, decimals);
}

std::uint64_t share_e4(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0;
  return (part * 10'000 + whole / 2) / whole;
}

}  // namespace konomi::wire
