#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace konomi::config {

struct ListenAddress {
  std::string host = "127.0.0.1";  // An IP address without brackets.
  std::uint16_t port = 8080;       // 0: any free port.

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// Reads "127.0.0.1:8080", "[::1]:8080" or "localhost:8080". `invalid_argument` says what was
// expected and what came.
Result<ListenAddress> parse_listen_address(std::string_view text);

std::string to_string(const ListenAddress& address);  // "127.0.0.1:8080", "[::1]:8080"

// Whether only this machine can reach it.
bool is_loopback(const ListenAddress& address);

}  // namespace konomi::config
