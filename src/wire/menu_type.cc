#include "wire/menu_type.h"

namespace konomi::wire {

void write_menu_type(JsonWriter& json, const MenuTypeEntry& entry) {
  json.key("menu_type").text(entry.id.value());
  json.key("labels").begin_object();
  json.key("ja").text(entry.label_ja);
  json.key("en").text(entry.label_en);
  json.end_object();
  json.key("color").text_or_null(entry.color);
  json.key("position");
  entry.position ? json.integer(*entry.position) : json.null();
  json.key("hidden").boolean(entry.hidden);
}

void write_menu_type(CsvWriter& csv, const MenuTypeEntry& entry) {
  csv.key("menu_type").text(entry.id.value());
  csv.key("label_ja").text(entry.label_ja);
  csv.key("label_en").text(entry.label_en);
  csv.key("color").text(entry.color);
  csv.key("position").text(entry.position ? std::to_string(*entry.position) : "");
  csv.key("hidden").boolean(entry.hidden);
  csv.end_row();
}

}  // namespace konomi::wire
