#pragma once

#include <cstdint>
#include <random>

namespace konomi::process {

// Different in every process: for ids, and for waits that should not fall together.
inline std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace konomi::process
