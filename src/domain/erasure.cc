#include "domain/erasure.h"

#include "base/digest.h"
#include "domain/dead_letter.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

namespace konomi {

UserDigest digest_of(const UserId& user_id) {
  const std::string hex = sha256_hex(user_id.value());
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned char byte = 0;
    std::from_chars(&hex[i], &hex[i] + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return UserDigest(std::move(bytes));
}

std::string_view name_of(ErasureState state) {
  switch (state) {
    case ErasureState::removing:
      return "removing";
    case ErasureState::stored:
      return "stored";
    case ErasureState::counted:
      return "counted";
    case ErasureState::done:
      return "done";
  }
  return "removing";
}

void note_removed(Erasure& erasure, BusinessDay day, Version order) {
  const auto [of_day, is_first] = erasure.days.try_emplace(day, 1);
  VersionSum sum;
  sum.add(of_day->second);
  sum.add_order(order);
  of_day->second = sum.under(Generation(0)).value();
  ++erasure.removed.orders;
}

ErasedVersions::ErasedVersions(std::span<const Erasure> erasures) {
  for (const Erasure& erasure : erasures) {
    if (erasure.state == ErasureState::removing) continue;
    auto& days = users_[erasure.digest];
    for (const auto& [day, version] : erasure.days) days[day] += version;
  }
}

std::uint64_t ErasedVersions::of_day(BusinessDay day) const {
  std::uint64_t sum = 0;
  for (const auto& [user, days] : users_) {
    const auto found = days.find(day);
    if (found != days.end()) sum += found->second;
  }
  return sum;
}

// A user's change has the version of the user's preference, to which every day adds.
std::uint64_t ErasedVersions::of_changes(BusinessDay day, Generation generation) const {
  std::uint64_t sum = 0;
  for (const auto& [user, days] : users_) {
    if (!days.contains(day)) continue;
    sum += generation.value();
    for (const auto& [erased, version] : days) sum += version + generation.value();
  }
  return sum;
}

const std::map<BusinessDay, std::uint64_t>* ErasedVersions::of_user(const UserId& user_id) const {
  if (users_.empty()) return nullptr;
  const auto found = users_.find(digest_of(user_id));
  return found == users_.end() ? nullptr : &found->second;
}

std::string erasure_id_text(const ErasureId& id) {
  return fmt::format("{}-{}", position_text(id.position), id.bucket.value());
}

std::optional<ErasureId> parse_erasure_id(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto position = parse_position(text.substr(0, dash));
  const std::string_view rest = text.substr(dash + 1);
  std::uint32_t bucket = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), bucket);
  const bool is_number = error == std::errc() && end == rest.data() + rest.size() &&
                         (rest.size() == 1 || !rest.starts_with('0'));
  if (!position || !is_number) return std::nullopt;
  return ErasureId{.position = *position, .bucket = Bucket(bucket)};
}

}  // namespace konomi
