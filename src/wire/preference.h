#pragma once

#include "domain/preference.h"
#include "ports/preference_store.h"
#include "wire/csv_writer.h"
#include "wire/json_writer.h"

#include <span>

namespace konomi::wire {

// Who reads a preference. Both show the same evidence:
//   answered   the page and people: with the favourite's share of all orders, fractions as short as
//              they can be ("0.4")
//   exported   programs, and comparisons byte by byte: what is stored and nothing that follows from
//              it, fractions with the four decimals that are stored ("0.4000")
enum class PreferenceForm { answered, exported };

// A user's favourite with its evidence, as members of an object.
void write_preference(JsonWriter& json, const UserPreference& user, PreferenceForm form);

// The same as a row of CSV with the same columns.
void write_preference(CsvWriter& csv, const UserPreference& user, PreferenceForm form);

// A user of an export: the preference, and of the user's `days` how many have orders and, in JSON
// only, the counts behind the preference.
void write_user(JsonWriter& json, const UserPreference& user, std::span<const UserDayCounts> days);
void write_user(CsvWriter& csv, const UserPreference& user, std::span<const UserDayCounts> days);

// An array of {"menu_type":…,"orders":…,"last_ordered_at":…}, in the given order.
void write_type_counts(JsonWriter& json, std::span<const TypeCount> counts);

// {"state":"prefers","menu_type":"washoku"}, {"state":"undecided"} or {"state":"none"}: a type may
// be called "none", too.
void write_standing(JsonWriter& json, const Standing& standing);

// A change of an export, with both standings whole.
void write_change(JsonWriter& json, const UserChange& change);
void write_change(CsvWriter& csv, const UserChange& change);

// A change between segments, of an answer about its user: a type, or null for no segment.
void write_segment_change(JsonWriter& json, const PreferenceChange& change);

}  // namespace konomi::wire
