#pragma once

#include "domain/menu_type.h"
#include "wire/csv_writer.h"
#include "wire/json_writer.h"

namespace konomi::wire {

// A line of the catalogue, as the members of an object in answers and exports, and as
// PUT /api/v1/menu_types takes it:
//   "menu_type":"washoku","labels":{"ja":"和食","en":"Japanese"},"color":"#c0392b","position":1,
//   "hidden":false
// No colour and no position are null.
void write_menu_type(JsonWriter& json, const MenuTypeEntry& entry);

// The same as a row of CSV.
void write_menu_type(CsvWriter& csv, const MenuTypeEntry& entry);

}  // namespace konomi::wire
