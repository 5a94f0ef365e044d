#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace konomi::sim {

// The only chance in a run. What is drawn, and in which order, decides what is played: one draw
// more or less changes all the rest of it.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool one_in(int n) { return n > 0 && between(1, n) == 1; }
  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[static_cast<std::size_t>(between(0, static_cast<int>(N) - 1))];
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace konomi::sim
