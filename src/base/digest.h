#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace konomi {

// Hashes and secrets, by OpenSSL. All text is lower-case hexadecimal. Safe from every thread.

std::string sha256_hex(std::string_view bytes);

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

// From the system's generator for secrets. Throws when it has none to give.
std::string random_hex(std::size_t bytes);

// Takes the same time wherever the two differ, but not the same time for other lengths.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace konomi
