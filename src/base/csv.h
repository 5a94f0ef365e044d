#pragma once

#include <string>
#include <string_view>

namespace konomi {

// Appends a field of CSV (RFC 4180), quoted when it must be. A value that a spreadsheet would take
// for a formula is written as it is: an id must come back as it was.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace konomi
