#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace konomi::rest {

// The opaque text by which a client asks for the next page of a list. It names a position, not a
// page, so it stays good when the data changes.
//
//   cursor = base64url(version:u8 = 1, murmur2(list):u32, position, murmur2(all before):u32)
//
// `list` is whatever decides what the list holds and in which order: its name, its owner, its
// filters. The hashes find slips and mix-ups; they are no signature, and a position must be
// harmless.
std::string encode_cursor(std::string_view list, std::string_view position);

// The position. `invalid_argument`: this is no cursor that encode_cursor() made for this list.
Result<std::string> decode_cursor(std::string_view list, std::string_view cursor);

}  // namespace konomi::rest
