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
// `list` is everything that decides what the list holds and in which order: its name, its owner,
// its filters. The hashes detect typing errors and cursors of other lists. They are not a
// signature, so a forged position must be harmless.
std::string encode_cursor(std::string_view list, std::string_view position);

// Returns the position. `invalid_argument`: encode_cursor() has not made this cursor for this list.
Result<std::string> decode_cursor(std::string_view list, std::string_view cursor);

}  // namespace konomi::rest
