#pragma once

#include "base/result.h"
#include "domain/bucket.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace konomi::config {

// Reads a length of time with its unit: "250ms", "1.5s", "5m", "24h", "7d"; "0" needs no unit.
// `invalid_argument` says what was expected and what came.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// In the largest unit that shows it without a fraction: "90s", "24h".
std::string duration_text(std::chrono::milliseconds duration);

// Reads a number of bytes: "4096", "64KiB", "8MiB", "1GiB"; "kB", "MB" and "GB" count in thousands.
Result<std::uint64_t> parse_bytes(std::string_view text);

// In the largest binary unit that shows it without a fraction: "8MiB", "1000B".
std::string bytes_text(std::uint64_t bytes);

// Reads a whole number from `min` to `max`.
Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max);

// Reads "1/4": the second of four.
Result<Shard> parse_shard(std::string_view text);

// The candidate that `word` was probably meant to be, or "" when none is near.
std::string_view nearest(std::string_view word, const auto& candidates);

// How many letters must be changed, added or left out to turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

std::string_view nearest(std::string_view word, const auto& candidates) {
  std::string_view best;
  std::size_t best_distance = 1 + word.size() / 3;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= best_distance && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace konomi::config
