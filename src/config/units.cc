#include "config/units.h"

#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace konomi::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kByteUnits[] = {{"GiB", 1ULL << 30},
                               {"MiB", 1ULL << 20},
                               {"KiB", 1ULL << 10},
                               {"GB", 1'000'000'000},
                               {"MB", 1'000'000},
                               {"kB", 1'000},
                               {"B", 1}};

struct Quantity {
  std::uint64_t whole = 0;
  std::uint64_t thousandths = 0;
  std::string_view unit;
};

// "1.5s" → 1, 500, "s". At most three digits after the point.
std::optional<Quantity> split_quantity(std::string_view text) {
  Quantity out;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, out.whole);
  if (error != std::errc{}) return std::nullopt;
  if (at != end && *at == '.') {
    ++at;
    std::uint64_t scale = 100;
    const char* const first = at;
    for (; at != end && *at >= '0' && *at <= '9'; ++at, scale /= 10) {
      if (scale == 0) return std::nullopt;
      out.thousandths += static_cast<std::uint64_t>(*at - '0') * scale;
    }
    if (at == first) return std::nullopt;
  }
  while (at != end && *at == ' ') ++at;
  out.unit = std::string_view(at, end);
  return out;
}

// The quantity in the smallest unit, or nothing when it does not fit or is not a whole number of
// it.
std::optional<std::uint64_t> in_smallest_unit(const Quantity& quantity,
                                              std::span<const Unit> units) {
  const auto unit = std::ranges::find(units, quantity.unit, &Unit::name);
  if (unit == units.end()) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (quantity.whole > kMax / unit->size - 1) return std::nullopt;
  const std::uint64_t fraction = quantity.thousandths * unit->size;
  if (fraction % 1000 != 0) return std::nullopt;
  return quantity.whole * unit->size + fraction / 1000;
}

std::string in_largest_unit(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.size == 0) return fmt::format("{}{}", value / unit.size, unit.name);
  }
  return {};
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (const auto quantity = split_quantity(text)) {
    if (const auto value = in_smallest_unit(*quantity, kDurationUnits)) {
      return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
    }
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is no length of time; expected one with its unit, such as \"250ms\", "
                          "\"1.5s\", \"5m\", \"24h\" or \"7d\"",
                          quote(text)));
}

std::string duration_text(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  return in_largest_unit(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  if (auto quantity = split_quantity(text)) {
    if (quantity->unit.empty()) quantity->unit = "B";
    if (const auto value = in_smallest_unit(*quantity, kByteUnits)) return *value;
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is no number of bytes; expected one such as \"4096\", \"64KiB\", "
                          "\"8MiB\" or \"1GiB\"",
                          quote(text)));
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes == 0) return "0B";
  constexpr Unit kShown[] = {kByteUnits[0], kByteUnits[1], kByteUnits[2], kByteUnits[6]};
  return in_largest_unit(bytes, kShown);
}

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && at == end && value >= min && value <= max) return value;
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is out of range; expected a whole number from {} to {}", quote(text),
                          min, max));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

Result<Shard> parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto count = parse_count(text.substr(slash == text.npos ? 0 : slash + 1), 1, 4096);
  if (slash != text.npos && count) {
    const auto index = parse_count(text.substr(0, slash), 0, *count - 1);
    if (index) {
      return Shard{.index = static_cast<std::uint32_t>(*index),
                   .count = static_cast<std::uint32_t>(*count)};
    }
  }
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("{} is no shard; expected I/N with I from 0 to N-1, such as 0/4", quote(text)));
}

}  // namespace konomi::config
