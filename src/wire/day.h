#pragma once

#include "domain/day_summary.h"
#include "domain/menu_type.h"
#include "wire/csv_writer.h"
#include "wire/json_writer.h"

#include <span>

namespace konomi::wire {

// The figures of a day as the members of a row of an export. Left out is what depends on when and
// where they were counted: state, revision, times, log positions, versions.
void write_day(JsonWriter& json, const DaySummary& day);

// The same as rows of CSV: one for each type with orders, then one for all types, without a type
// and with the number of users. The moves between segments are in JSON only.
void write_day(CsvWriter& csv, const DaySummary& day);

// Which counts an answer has: all of a day, or those of its hours too.
enum class DayCounts { whole, by_hour };

// The figures of a day as an answer's object: every type of the catalogue, with or without orders.
void write_answered_day(JsonWriter& json, const DaySummary& day,
                        std::span<const MenuTypeEntry> catalogue, DayCounts counts);

// The same for readers of the first version's answers: {"date":…,"counts":[…]}.
void write_first_version_day(JsonWriter& json, const DaySummary& day,
                             std::span<const MenuTypeEntry> catalogue);

}  // namespace konomi::wire
