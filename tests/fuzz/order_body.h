#pragma once

#include "ingest/order_reader.h"

#include <string_view>

namespace konomi::fuzz {

// Reads `body`, and stops the program when what came out breaks a rule: an accepted order that is
// none, one that does not survive being written and read, indexes that do not fit, or a verdict on
// the JSON that differs from that of a parser that validates everything.
void check_body(ingest::BodyFormat format, std::string_view body);

}  // namespace konomi::fuzz
