#include "domain/day_summary.h"

#include "base/assert.h"

#include <algorithm>

namespace konomi {
namespace {

constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325U;
constexpr std::uint64_t kFnvPrime = 0x00000100000001b3U;

// FNV-1a over the bytes and their length, so that ("ab", "c") and ("a", "bc") differ.
std::uint64_t hash_text(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  for (std::uint64_t size = text.size(), i = 0; i < 8; ++i)
    hash = (hash ^ ((size >> (8 * i)) & 0xff)) * kFnvPrime;
  return hash;
}

// The finalizer of SplitMix64: spreads FNV's weak high bits, so that sums of fingerprints stay
// apart.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

}  // namespace

bool is_dirty(const Marks& stored, const Marks& counted) {
  return std::ranges::any_of(stored, [&](const auto& mark) {
    const auto found = counted.find(mark.first);
    return found == counted.end() || found->second < mark.second;
  });
}

std::uint64_t order_fingerprint(const Order& order) {
  std::uint64_t hash = hash_text(kFnvOffset, order.user_id.value());
  hash = hash_text(hash, order.order_id.value());
  hash = hash_text(hash, order.menu_type.value());
  const auto instant = static_cast<std::uint64_t>(order.ordered_at.time_since_epoch().count());
  for (int i = 0; i < 8; ++i) hash = (hash ^ ((instant >> (8 * i)) & 0xff)) * kFnvPrime;
  return mixed(hash);
}

void DayFigures::add(const Order& order, int hour) {
  KONOMI_ASSERT(order.status == OrderStatus::placed, "only placed orders are counted");
  TypeFigures& type = types[order.menu_type];
  ++type.orders;
  ++type.by_hour[static_cast<std::size_t>(hour)];
  ++orders;
  checksum += order_fingerprint(order);
}

void DayFigures::add(const DayFigures& other) {
  for (const auto& [menu_type, figures] : other.types) {
    TypeFigures& type = types[menu_type];
    type.orders += figures.orders;
    for (std::size_t hour = 0; hour < type.by_hour.size(); ++hour)
      type.by_hour[hour] += figures.by_hour[hour];
  }
  orders += other.orders;
  users += other.users;
  checksum += other.checksum;
}

std::string_view name_of(DayState state) {
  switch (state) {
    case DayState::open:
      return "open";
    case DayState::preliminary:
      return "preliminary";
    case DayState::final:
      return "final";
    case DayState::revised:
      return "revised";
  }
  return "open";
}

Version day_version(VersionSum parts, DayState state, Generation generation) {
  parts.add(static_cast<std::uint64_t>(state));
  return parts.under(generation);
}

std::optional<CountProgress> least_progress(
    std::span<const std::optional<CountProgress>> of_buckets) {
  std::optional<CountProgress> least;
  for (const auto& progress : of_buckets) {
    if (!progress) return std::nullopt;
    if (!least) {
      least = progress;
      continue;
    }
    std::erase_if(least->next_offsets,
                  [&](const auto& entry) { return !progress->next_offsets.contains(entry.first); });
    for (auto& [partition, offset] : least->next_offsets)
      offset = std::min(offset, progress->next_offsets.at(partition));
    least->generation = std::min(least->generation, progress->generation);
    least->finished_at = std::min(least->finished_at, progress->finished_at);
    least->duration = std::max(least->duration, progress->duration);
  }
  return least;
}

DayStanding day_standing(const DayStateInput& input, const DaySummary* previous,
                         std::uint64_t checksum) {
  const bool was_final = previous != nullptr && (previous->state == DayState::final ||
                                                 previous->state == DayState::revised);
  if (was_final) {
    const bool changed = previous->figures.checksum != checksum;
    if (changed) return {DayState::revised, previous->revision + 1};
    return {previous->state, previous->revision};
  }
  if (input.now < input.day.end) return {DayState::open, 0};
  if (input.stored_up_to < input.day.end + input.allowance) return {DayState::preliminary, 0};
  return {DayState::final, 0};
}

}  // namespace konomi
