#pragma once

#include "domain/day_summary.h"
#include "domain/menu_type.h"
#include "domain/order.h"
#include "domain/preference.h"
#include "ports/preference_store.h"

#include <span>
#include <string>
#include <string_view>

namespace konomi::exporting {

enum class Format { ndjson, csv };

// Appends rows of each kind, as a line of JSON or as CSV; nothing of them depends on the engine, on
// the bucket count, or on when it was counted. `kind` stands in front of the members of a line of
// an export of all kinds: "" or "\"kind\":\"days\",".
struct RowWriter {
  Format format = Format::ndjson;
  std::string kind;

  void menu_type(std::string& out, const MenuTypeEntry& entry) const;
  void order(std::string& out, const Order& order) const;
  void day(std::string& out, const DaySummary& day) const;
  // `days`: the user's, for the counts behind the preference.
  void user(std::string& out, const UserPreference& user,
            std::span<const UserDayCounts> days) const;
  void member(std::string& out, const UserPreference& user) const;
  void change(std::string& out, const UserId& user_id, const PreferenceChange& change) const;
};

// The first line of a CSV file of this kind, by its name.
std::string_view csv_header(std::string_view kind);

}  // namespace konomi::exporting
