#include "wire/numbers.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <iterator>

namespace konomi::wire {

void append_fixed_decimal(std::string& out, std::uint64_t scaled, int decimals) {
  KONOMI_ASSERT(decimals >= 0 && decimals <= 18, "10^decimals must fit 64 bits");
  std::uint64_t one = 1;
  for (int i = 0; i < decimals; ++i) one *= 10;
  fmt::format_to(std::back_inserter(out), "{}", scaled / one);
  if (decimals > 0) fmt::format_to(std::back_inserter(out), ".{:0{}}", scaled % one, decimals);
}

void append_decimal(std::string& out, std::uint64_t scaled, int decimals) {
  while (decimals > 0 && scaled % 10 == 0) {
    scaled /= 10;
    --decimals;
  }
  append_fixed_decimal(out, scaled, decimals);
}

std::uint64_t share_e4(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0;
  return (part * 10'000 + whole / 2) / whole;
}

}  // namespace konomi::wire
