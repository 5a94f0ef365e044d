#pragma once

#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/counting_rules.h"
#include "domain/preference.h"
#include "ports/preference_store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace konomi::aggregate {

// Returns what must be written for a user after `recounted` was counted again. `days` are all days
// the user is judged by, ascending; `stored` is the preference that is stored for the user now.
//
// There is a change row for every day of the user from `recounted` on, also where nothing changed
// and where nothing differs from what is stored. Leaving out what seems to be there would save
// writes, and be wrong: what is stored may be half of an earlier count that was cut short between
// any two of its writes, and nothing tells which half. Writing every row that the recounted day can
// have touched makes a count that is run again whole, whatever the earlier one left.
//
// `erased` holds what ErasedVersions knows of the user, so that the preference's version is above
// that of any preference derived from the days that are gone.
PreferenceUpdate judge_user(UserId user_id, Bucket bucket, BusinessDay recounted,
                            std::span<const UserDayCounts> days,
                            const std::optional<Preference>& stored, const CountingRules& rules,
                            const std::map<BusinessDay, std::uint64_t>* erased = nullptr);

}  // namespace konomi::aggregate
