#pragma once

#include "base/clock.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/ids.h"
#include "domain/version.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi {

// Identifies a user without the id: the id's SHA-256, 32 bytes. Someone who knows an id can find
// out whether it was erased; the digest does not give the id away.
using UserDigest = Strong<struct UserDigestTag, std::string>;

UserDigest digest_of(const UserId& user_id);

enum class ErasureState : std::uint8_t {
  removing = 0,  // The user's stored orders are being removed.
  stored = 1,    // They are gone; what was counted from them is not yet.
  counted = 2,   // No row has the user's id any more. Its bytes may still be on the disk.
  done = 3,      // Nothing of the user is in the stores, but for this digest.
};

std::string_view name_of(ErasureState state);  // "removing", "stored", "counted", "done"

// How much an erasure took away.
struct ErasedRows {
  std::uint64_t orders = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t days_with_counts = 0;
  std::uint64_t preferences = 0;  // 0 or 1, and so is its row in a segment.
  std::uint64_t segment_rows = 0;
  std::uint64_t changes = 0;

  friend bool operator==(const ErasedRows&, const ErasedRows&) = default;
};

// Records that everything of one user older than `position` in the log is gone or is being removed
// (docs/design.md#erasure). Kept for ever, because it tells older orders from newer ones.
struct Erasure {
  Bucket bucket;
  LogPosition position;
  ErasureState state = ErasureState::removing;
  UserDigest digest;
  UserId user_id;  // Empty once it is counted.
  Timestamp requested_at;
  Timestamp finished_at;  // When it was done.
  // Each day that lost orders, with a number above the sum of the versions that it lost. A value
  // computed again must have a higher version than before, although fewer versions add up
  // (docs/decisions/0013).
  std::map<BusinessDay, std::uint64_t> days;
  ErasedRows removed;

  friend bool operator==(const Erasure&, const Erasure&) = default;
};

// Notes that an order of `day` is removed.
void note_removed(Erasure& erasure, BusinessDay day, Version order);

// The versions that were removed with the erased users of one bucket. An erasure whose orders are
// still being removed is left out: those orders are still counted themselves.
class ErasedVersions {
 public:
  explicit ErasedVersions(std::span<const Erasure> erasures);

  // The removed versions of all users' orders on a day.
  std::uint64_t of_day(BusinessDay day) const;

  // The removed versions of all users' changes on a day, under a generation.
  std::uint64_t of_changes(BusinessDay day, Generation generation) const;

  // The removed versions of one user's orders by day, or null when the user was never erased.
  const std::map<BusinessDay, std::uint64_t>* of_user(const UserId& user_id) const;

 private:
  std::map<UserDigest, std::map<BusinessDay, std::uint64_t>> users_;
};

// The name of an erasure, which finds it again: partition, offset and bucket, "0-1234-27".
struct ErasureId {
  LogPosition position;
  Bucket bucket;

  friend bool operator==(const ErasureId&, const ErasureId&) = default;
};
std::string erasure_id_text(const ErasureId& id);
std::optional<ErasureId> parse_erasure_id(std::string_view text);

}  // namespace konomi
