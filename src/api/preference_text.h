#pragma once

#include "api/json_writer.h"
#include "domain/ids.h"
#include "domain/preference.h"
#include "ports/preference_store.h"

#include <string>
#include <string_view>

namespace konomi::api {

// {"user_id":…,"menu_type":…,…}: a user's favourite with its evidence.
void write_preference(JsonWriter& json, const UserId& user_id, const Preference& preference);

// The same as a line of CSV (RFC 4180, lines end in "\n"). Values are written as they are, those
// that a spreadsheet would take for a formula too: an id must come back as it was.
inline constexpr std::string_view kPreferenceCsvHeader =
    "user_id,menu_type,orders,total_orders,share,runner_up,runner_up_orders,tied,since,confidence,"
    "last_ordered_at\n";
void append_preference_csv(std::string& out, const UserPreference& row);

}  // namespace konomi::api
