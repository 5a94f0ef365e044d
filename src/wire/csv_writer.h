#pragma once

#include "base/clock.h"
#include "domain/business_day.h"
#include "wire/numbers.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::wire {

// Writes rows of CSV (RFC 4180, lines end in "\n") field by field and puts the commas. It has the
// calls of a JsonWriter, so that one function can write a thing as members of an object and as a
// row. A field is quoted when it must be. A value that a spreadsheet would take for a formula is
// written as it is: an id must come back as it was.
class CsvWriter {
 public:
  enum class Rows {
    values,  // Keys are passed over.
    names,   // The first line of a file: keys are written, and values passed over.
  };

  // Goes on behind `begun`, which take() hands back with what was written.
  explicit CsvWriter(std::string begun = {}, Rows rows = Rows::values)
      : text_(std::move(begun)), rows_(rows) {}

  CsvWriter& key(std::string_view column) { return field(Rows::names, column); }
  CsvWriter& text(std::string_view value) { return field(Rows::values, value); }
  CsvWriter& number(std::uint64_t value) { return text(std::to_string(value)); }
  CsvWriter& decimal(std::uint64_t scaled, int decimals) {
    return text(decimal_text(scaled, decimals));
  }
  CsvWriter& fixed_decimal(std::uint64_t scaled, int decimals) {
    return text(fixed_decimal_text(scaled, decimals));
  }
  CsvWriter& boolean(bool value) { return text(value ? "true" : "false"); }
  CsvWriter& null() { return text(""); }
  CsvWriter& instant(Timestamp value);  // RFC 3339, UTC, milliseconds.
  CsvWriter& date(BusinessDay value) { return text(to_string(value)); }
  CsvWriter& end_row();

  // What was written since the last take().
  std::string take() { return std::exchange(text_, {}); }

 private:
  CsvWriter& field(Rows kind, std::string_view value);

  std::string text_;
  Rows rows_;
  bool comma_ = false;  // Whether the next field follows one.
};

// Appends a record for a reader that passes over empty lines and byte order marks: beyond what a
// CsvWriter quotes, an empty field is quoted, and one that begins like a mark of UTF-8 or UTF-16.
void append_csv_record(std::string& out, const std::vector<std::string_view>& fields);

}  // namespace konomi::wire
