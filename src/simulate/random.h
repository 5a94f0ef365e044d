#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace konomi::simulate {

// Random numbers that are the same for the same seed with every standard library: only the engine
// is the library's, for only that is laid down bit by bit.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  double share() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  // [0, 1)
  double between(double low, double high) { return low + (high - low) * share(); }
  bool happens(double probability) { return share() < probability; }
  std::int64_t whole(std::int64_t low, std::int64_t high) {  // [low, high)
    return low + static_cast<std::int64_t>(share() * static_cast<double>(high - low));
  }

 private:
  std::mt19937_64 engine_;
};

// Draws an index with a probability proportional to its weight. At least one weight is above 0.
class Lottery {
 public:
  Lottery() = default;
  explicit Lottery(const std::vector<double>& weights) {
    double sum = 0;
    for (const double weight : weights) sums_.push_back(sum += weight);
  }

  double total() const { return sums_.empty() ? 0 : sums_.back(); }
  std::size_t draw(Random& random) const {
    const auto at = std::ranges::upper_bound(sums_, random.share() * total());
    return std::min(static_cast<std::size_t>(at - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

}  // namespace konomi::simulate
